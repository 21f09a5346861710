import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.net.ConnectException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.HashMap;
import java.util.Map;
import java.util.TreeSet;
import java.util.UUID;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.TrustManagerFactory;

/**
 * Retrieves a document through the Spine Secure Proxy, with the JDK alone (11 or newer): GP Connect 1.6.2, "Retrieve a
 * document".
 *
 * <p>{@code java examples/java/Retrieve.java [--option value ...]}; the options and their defaults are in {@link
 * #OPTIONS}. It exits with 0 where the document came, with 1 where it did not, and with 2 where it was called wrongly.
 */
public final class Retrieve {
    private static final String INTERACTION = "urn:nhs:names:services:gpconnect:documents:fhir:rest:read:binary-1";

    private static final Map<String, String> OPTIONS = Map.of(
        "proxy", "https://localhost:8443",
        "keystore", "certs/consumer/consumer.p12",
        "password", "changeit",
        "trust", "certs/ca/chain.pem",
        "from", "200000000115",
        "to", "200000000116",
        "root", "https://gp.example.nhs.uk/A20047/STU3/1/gpconnect/documents",
        "id", "07a6483f-732b-461e-86b6-edb665c45510",
        "token", ""); // empty: an unsigned one is made here

    private final Map<String, String> options;

    private Retrieve(Map<String, String> options) {
        this.options = options;
    }

    public static void main(String[] arguments) throws InterruptedException {
        System.exit(exitCode(arguments));
    }

    private static int exitCode(String[] arguments) throws InterruptedException {
        try {
            return new Retrieve(read(arguments)).run();
        } catch (IllegalArgumentException wrong) {
            System.err.println("error: " + wrong.getMessage());
            return 2;
        } catch (NoSuchFileException missing) {
            System.err.println(
                "error: there is no file " + missing.getFile() + "; `ssp-emulator up` makes the certificates");
            return 2;
        } catch (ConnectException refused) {
            System.err.println("error: nothing listens at the proxy's address; `ssp-emulator up` starts it");
            return 1;
        } catch (SSLException failure) {
            System.err.println("error: no TLS connection to the proxy: " + failure.getMessage());
            return 1;
        } catch (IOException | GeneralSecurityException failure) {
            System.err.println("error: " + failure);
            return 1;
        }
    }

    /** Sends the request, prints what came, and returns the exit code. */
    private int run() throws IOException, InterruptedException, GeneralSecurityException {
        String traceId = UUID.randomUUID().toString();
        HttpResponse<byte[]> answer = client().send(request(traceId), HttpResponse.BodyHandlers.ofByteArray());
        boolean retrieved = answer.statusCode() == 200;
        PrintStream out = retrieved ? System.out : System.err;
        out.println("status        " + answer.statusCode());
        out.println("content type  " + answer.headers().firstValue("Content-Type").orElse("none"));
        out.println("size          " + answer.body().length + " bytes");
        if (!retrieved) {
            out.println(new String(answer.body(), StandardCharsets.UTF_8));
            out.println("error: the document was not retrieved; ssp-emulator audit show " + traceId + " says why");
        }
        return retrieved ? 0 : 1;
    }

    private HttpClient client() throws IOException, GeneralSecurityException {
        SSLParameters parameters = new SSLParameters();
        parameters.setProtocols(new String[] {"TLSv1.2"}); // what the Spine speaks
        return HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .sslContext(secured())
            .sslParameters(parameters)
            .connectTimeout(Duration.ofSeconds(10))
            .build();
    }

    /** What this consumer shows (the key and certificate in the .p12), and whom it trusts (the Spine's authorities). */
    private SSLContext secured() throws IOException, GeneralSecurityException {
        KeyManagerFactory shown = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        char[] password = options.get("password").toCharArray();
        shown.init(keystore(Path.of(options.get("keystore")), password), password);

        TrustManagerFactory trusted = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        trusted.init(authorities(Path.of(options.get("trust"))));

        SSLContext context = SSLContext.getInstance("TLS");
        context.init(shown.getKeyManagers(), trusted.getTrustManagers(), null);
        return context;
    }

    private static KeyStore keystore(Path file, char[] password) throws IOException, GeneralSecurityException {
        KeyStore store = KeyStore.getInstance("PKCS12");
        try (InputStream stream = Files.newInputStream(file)) {
            store.load(stream, password);
        }
        return store;
    }

    private static KeyStore authorities(Path file) throws IOException, GeneralSecurityException {
        KeyStore store = KeyStore.getInstance("PKCS12");
        store.load(null, null);
        try (InputStream stream = Files.newInputStream(file)) {
            for (Certificate each : CertificateFactory.getInstance("X.509").generateCertificates(stream)) {
                store.setCertificateEntry("authority-" + store.size(), each);
            }
        }
        return store;
    }

    private HttpRequest request(String traceId) {
        // The provider's whole URL, scheme included, is the path.
        URI uri = URI.create(options.get("proxy") + "/" + options.get("root") + "/Binary/" + options.get("id"));
        String token = options.get("token").isEmpty() ? unsignedToken(Instant.now()) : options.get("token");
        return HttpRequest.newBuilder(uri)
            .timeout(Duration.ofSeconds(60))
            .header("Accept", "application/fhir+json;charset=utf-8")
            .header("Ssp-TraceID", traceId)
            .header("Ssp-From", options.get("from"))
            .header("Ssp-To", options.get("to"))
            .header("Ssp-InteractionID", INTERACTION)
            .header("Authorization", "Bearer " + token)
            .GET()
            .build();
    }

    /** GP Connect 1.6.2, "Cross-organisation audit and provenance": no signature, and the dot before it stays. */
    private String unsignedToken(Instant now) {
        long issued = now.getEpochSecond();
        String claims = String.join("",
            "{\"iss\":\"https://consumer.example.nhs.uk\",\"sub\":\"1\",\"aud\":\"", options.get("root"), "\",",
            "\"iat\":", Long.toString(issued), ",\"exp\":", Long.toString(issued + 300), ",",
            "\"reason_for_request\":\"directcare\",\"requested_scope\":\"patient/*.read\",",
            "\"requesting_device\":{\"resourceType\":\"Device\",\"model\":\"Retrieve.java\",\"version\":\"1\",",
            "\"identifier\":[{\"system\":\"https://consumer.example.nhs.uk/Id/device\",\"value\":\"1\"}]},",
            "\"requesting_organization\":{\"resourceType\":\"Organization\",\"name\":\"Example Hospital\",",
            "\"identifier\":[", identifier("ods-organization-code", "A1001"), "]},",
            "\"requesting_practitioner\":{\"resourceType\":\"Practitioner\",\"id\":\"1\",",
            "\"name\":[{\"family\":\"Emulated\",\"given\":[\"Ada\"]}],",
            "\"identifier\":[", identifier("sds-user-id", "111111111111"), ",",
            identifier("sds-role-profile-id", "22222222222222"), ",",
            "{\"system\":\"https://consumer.example.nhs.uk/Id/user\",\"value\":\"1\"}]}}");
        return base64("{\"alg\":\"none\",\"typ\":\"JWT\"}") + "." + base64(claims) + ".";
    }

    private static String identifier(String system, String value) {
        return "{\"system\":\"https://fhir.nhs.uk/Id/" + system + "\",\"value\":\"" + value + "\"}";
    }

    private static String base64(String text) {
        return Base64.getUrlEncoder().withoutPadding().encodeToString(text.getBytes(StandardCharsets.UTF_8));
    }

    private static Map<String, String> read(String[] arguments) {
        Map<String, String> options = new HashMap<>(OPTIONS);
        for (int i = 0; i < arguments.length; i += 2) {
            String name = arguments[i].startsWith("--") ? arguments[i].substring(2) : "";
            if (!OPTIONS.containsKey(name) || i + 1 == arguments.length) {
                String known = String.join(", --", new TreeSet<>(OPTIONS.keySet()));
                throw new IllegalArgumentException(arguments[i] + ": should be one of --" + known + ", and a value");
            }
            options.put(name, arguments[i + 1]);
        }
        return options;
    }
}
