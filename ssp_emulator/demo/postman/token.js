// Before each request: a fresh token for just this one, good for five minutes, unsigned as GP Connect has it.
const about = __ABOUT__;
const claims = __CLAIMS__;
const asked = about[pm.request.headers.get("Ssp-InteractionID")];
const now = new Date();
const seconds = Math.floor(now.getTime() / 1000);

function part(value) {
    const text = require("buffer").Buffer.from(JSON.stringify(value), "utf8").toString("base64");
    return text.replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
}

if (asked) {
    claims.aud = pm.variables.replaceIn(asked.root);
    claims.requested_scope = asked.scope;
    claims.iat = seconds;
    claims.exp = seconds + __LIFETIME_S__;
    pm.variables.set("token", part({ alg: "none", typ: "JWT" }) + "." + part(claims) + ".");
}
pm.variables.set("today", now.toISOString().slice(0, 10));
pm.variables.set("in_two_weeks", new Date(now.getTime() + 14 * 86400000).toISOString().slice(0, 10));
