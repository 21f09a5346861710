"""The words of the made-up letters: one tuple of paragraphs each, in ASCII."""

from __future__ import annotations

DISCHARGE = (
    "Example Surgery, 1 Specimen Street, Exampleton, ZZ99 3WZ. Telephone 01632 960047.",
    "Patient: Juniper FIDDLEWOOD (Ms). NHS number: 999 123 0017. Born 9 March 1957.",
    (
        "Admitted to Example Hospital, Sycamore Ward: 17 June 2019. Discharged: 24 June 2019. Destination: her own "
        "home, where her sister stays with her for the first fortnight."
    ),
    (
        "This letter is made up. It was written for people who test software; nobody in it has ever lived, and "
        "nothing in it is advice. It has the headings of a discharge summary so that it looks at home in a list of "
        "documents, and it is long enough to fill a page."
    ),
    (
        "Reason for admission. Ms Fiddlewood slipped on a wet doorstep and could not put weight on her left leg. She "
        "had no other complaint, had not fainted, and remembered the fall and the hour before it clearly."
    ),
    (
        "Diagnosis. A fracture of the left ankle, closed and stable, without damage to the joint. No further injury "
        "was found."
    ),
    (
        "Treatment and course. The ankle was set under sedation on the day of admission and held in a cast below the "
        "knee. The pictures taken on the following day showed a good position. She was seen by the physiotherapist "
        "every day from the second day, learned to use two crutches, and managed one flight of stairs before she "
        "went home. Her blood pressure was somewhat high on the first evening and usual from the next morning on."
    ),
    (
        "Medicines at discharge. Paracetamol 1 g up to four times a day, as needed, for two weeks; given for one "
        "week. Her regular medicines were not changed."
    ),
    "Allergies. A rash after an adhesive dressing, many years ago. None to medicines that she knows of.",
    (
        "Investigations. Pictures of the left ankle on 17 and 18 June 2019. A tracing of the heart on admission, as "
        "a precaution after a fall at her age: nothing unusual. Blood count and kidney function: within the usual "
        "range, and not repeated."
    ),
    (
        "Function at discharge. Walks 50 metres on two crutches without putting weight on the left foot. Washes and "
        "dresses without help, and needs a hand with the bath. Before the fall she walked without aids and drove "
        "a car; she has been told not to drive while the cast is on."
    ),
    (
        "Social circumstances. Lives alone in a cottage with its bedroom upstairs. A bed has been put into the "
        "sitting room for the time being. Neighbours do the shopping, and her sister cooks. The cat is with a friend "
        "until the crutches are gone. No care package was needed, and none was refused; she has the number to call "
        "if that changes."
    ),
    (
        "Advice to the patient. Keep the cast dry, keep the leg up when sitting, move the toes every hour. Call the "
        "ward or the surgery if the toes turn cold, blue or numb, if the pain grows, or if the calf swells."
    ),
    (
        "Asked of the practice. Please check her blood pressure once within a month. Please review the need for pain "
        "relief at two weeks. No blood tests are outstanding."
    ),
    (
        "Follow-up. Fracture clinic, Example Hospital, on 8 July 2019 at 10:20, with a picture of the ankle first. "
        "Transport is arranged. The cast is expected to come off six weeks after the fall."
    ),
    (
        "Information given. Ms Fiddlewood knows what is in this letter, agrees with it and has a copy. Her sister was "
        "there when it was explained."
    ),
    (
        "Person completing the record: Dr Primrose Quillfeather, General Medical Practitioner, Example Surgery, from "
        "the ward's notes. Copies: the patient; Example Hospital, Sycamore Ward; the fracture clinic."
    ),
)

REFERRAL = (
    "Example Hospital, Placeholder Park, Exampleton.",
    "Thank you for asking us to see this patient, who does not exist.",
    "The tracing and the examination were as they should be.",
    "No further appointment has been made.",
    "Mr Barnaby Thistlewick, Consultant",
)

HOME_VISIT = (
    "Home visit, Example Surgery. This note is made up.",
    "Seen at home with her sister. Walking well with one stick, sleeping well, eating well.",
    "No change to medicines. To call the surgery if anything is different.",
)

SAFEGUARDING = (
    "This letter is made up. It stands for a document that a practice keeps confidential.",
    "It is listed in no search, cannot be read, and can be migrated only under a scope that holds conf/R.",
)

SUMMARY = (
    "This page is made up. Mr Oswin Bramblethorpe takes it along when he travels.",
    "No regular medicines. No allergies known. Last seen at Example Surgery in July 2022.",
)
