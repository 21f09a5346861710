"""The made-up practice A20047: its people, its patients and their documents."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from ssp_emulator.demo.provider import contents
from ssp_emulator.demo.provider.letters import DISCHARGE, HOME_VISIT, REFERRAL, SAFEGUARDING, SUMMARY
from ssp_emulator.demo.provider.model import (
    Address,
    Dataset,
    Document,
    Organisation,
    Patient,
    Practitioner,
    StoredFile,
)

_SURGERY = Organisation(
    id="3f1b4b52-6f0e-4c5e-9a43-7a4f4f0a2001",
    ods_code="A20047",
    name="Example Surgery",
    telephone="01632960047",
    address=Address(("1 Specimen Street",), "Exampleton", "Made-upshire", "ZZ99 3WZ"),
)
_HOSPITAL = Organisation(
    id="3f1b4b52-6f0e-4c5e-9a43-7a4f4f0a2002",
    ods_code="A1001",
    name="Example Hospital",
    telephone="01632960101",
    address=Address(("Placeholder Park", "Sample Road"), "Exampleton", "Made-upshire", "ZZ99 3WZ"),
)
_DOCTOR = Practitioner(
    id="5c8a0c1e-2d4b-4f1c-8e6d-1b2c3d4e3001",
    sds_user_id="999000000047",
    prefix="Dr",
    given="Primrose",
    family="Quillfeather",
    gender="female",
    role_id="5c8a0c1e-2d4b-4f1c-8e6d-1b2c3d4e3101",
    sds_role_profile_id="999000000147",
    role_code="R0260",
    role_name="General Medical Practitioner",
    organisation=_SURGERY,
)
_CONSULTANT = Practitioner(
    id="5c8a0c1e-2d4b-4f1c-8e6d-1b2c3d4e3002",
    sds_user_id="999000000101",
    prefix="Mr",
    given="Barnaby",
    family="Thistlewick",
    gender="male",
    role_id="5c8a0c1e-2d4b-4f1c-8e6d-1b2c3d4e3102",
    sds_role_profile_id="999000000201",
    role_code="R0050",
    role_name="Consultant",
    organisation=_HOSPITAL,
)


_JUNIPER = Patient(
    id="a7d1c0de-0001-4b6f-9c3e-000000000001",
    nhs_number="9991230017",
    prefix="Ms",
    given="Juniper",
    family="Fiddlewood",
    gender="female",
    born="1957-03-09",
    registered="1988-06-01T00:00:00+00:00",
    telephone="01632960201",
    address=Address(("Fiction Cottage", "2 Specimen Street"), "Exampleton", "Made-upshire", "ZZ99 3WZ"),
    usual_gp=_DOCTOR,
    practice=_SURGERY,
)
_OSWIN = replace(
    _JUNIPER,
    id="a7d1c0de-0002-4b6f-9c3e-000000000002",
    nhs_number="9991230890",
    prefix="Mr",
    given="Oswin",
    family="Bramblethorpe",
    gender="male",
    born="1990-11-30",
)
_WITHOUT_DOCUMENTS = replace(
    _OSWIN,
    id="a7d1c0de-0003-4b6f-9c3e-000000000003",
    nhs_number="9991230122",
    given="Peverell",
    family="Nonesuch",
)
_DISSENTING = replace(
    _JUNIPER,
    id="a7d1c0de-0004-4b6f-9c3e-000000000004",
    nhs_number="9991230238",
    given="Clementine",
    family="Nayworthy",
    dissents=True,
)
_LONG_DECEASED = replace(
    _OSWIN,
    id="a7d1c0de-0005-4b6f-9c3e-000000000005",
    nhs_number="9991230343",
    given="Thaddeus",
    family="Yesterby",
    born="1931-02-14",
    active=False,
    deceased=date(2020, 1, 15),
)
_LATELY_DECEASED = replace(
    _JUNIPER,
    id="a7d1c0de-0006-4b6f-9c3e-000000000006",
    nhs_number="9991230459",
    given="Lavender",
    family="Lastweek",
    born="1940-08-21",
    active=False,
    deceased_days_ago=7,
)
_INACTIVE = replace(
    _OSWIN,
    id="a7d1c0de-0007-4b6f-9c3e-000000000007",
    nhs_number="9991230564",
    given="Roderick",
    family="Movedaway",
    active=False,
)
_SENSITIVE = replace(
    _JUNIPER,
    id="a7d1c0de-0008-4b6f-9c3e-000000000008",
    nhs_number="9991230785",
    given="Seraphina",
    family="Hushmere",
    sensitive=True,
)

_DISCHARGE_SUMMARY = Document(
    id="27863180001",
    master_id="d0c00001-5a5a-4e11-8f00-000000000001",
    patient=_JUNIPER,
    # Rich Text under Word's media type: what many a letter filed as a Word document really is.
    file=StoredFile(
        "07a6483f-732b-461e-86b6-edb665c45510",
        "application/msword",
        contents.Fixed(contents.rtf("Discharge Summary", DISCHARGE)),
    ),
    description="Discharge Summary",
    type_code="824331000000106",
    type_name="Inpatient final discharge letter",
    created="2019-06-24T09:35:00+01:00",
    indexed="2019-07-02T09:43:41+01:00",
    authors=(_SURGERY,),
    custodian=_SURGERY,
)
_REFERRAL_REPLY = Document(
    id="27863180002",
    master_id="d0c00002-5a5a-4e11-8f00-000000000002",
    patient=_JUNIPER,
    file=StoredFile(
        "0d2f5a10-0002-4c1b-8a5e-000000000002",
        "application/pdf",
        contents.Fixed(contents.pdf(("Outpatient clinic letter", "", *REFERRAL))),
    ),
    description="Reply to referral, cardiology",
    type_name="Outpatient letter",
    created="2020-02-11T14:20:00+00:00",
    indexed="2020-02-13T08:05:10+00:00",
    authors=(_HOSPITAL, _CONSULTANT),
    custodian=_SURGERY,
)
_PHOTOGRAPH = Document(
    id="27863180003",
    master_id="d0c00003-5a5a-4e11-8f00-000000000003",
    patient=_JUNIPER,
    file=StoredFile(
        "0d2f5a10-0003-4c1b-8a5e-000000000003",
        "image/png",
        contents.Fixed(contents.png(64, 32)),
    ),
    description="Photograph of left forearm",
    type_name="Clinical photograph",
    # A partial date, as records that were typed in from paper have them.
    created="2018-11",
    indexed="2018-12-03T11:00:00+00:00",
    authors=(_DOCTOR,),
    custodian=_SURGERY,
)
_HOME_VISIT_NOTE = Document(
    id="27863180004",
    master_id="d0c00004-5a5a-4e11-8f00-000000000004",
    patient=_JUNIPER,
    file=StoredFile(
        "0d2f5a10-0004-4c1b-8a5e-000000000004",
        "text/plain",
        contents.Fixed("\n\n".join(HOME_VISIT).encode()),
    ),
    description="Note of a home visit",
    type_name="Visit note",
    # Without `created`: a search by date has to look at `indexed`.
    indexed="2021-05-06T16:30:00+01:00",
    authors=(_SURGERY, _DOCTOR),
    custodian=_SURGERY,
)
_SCANNED_FOLDER = Document(
    id="27863180005",
    master_id="d0c00005-5a5a-4e11-8f00-000000000005",
    patient=_JUNIPER,
    file=StoredFile(
        "0d2f5a10-0005-4c1b-8a5e-000000000005",
        "text/plain",
        contents.Pattern(6 * 1024 * 1024),
    ),
    description="Former paper record, transcribed",
    type_name="Lloyd George record folder",
    created="2017-01-20T10:00:00+00:00",
    indexed="2017-01-23T10:00:00+00:00",
    authors=(_SURGERY,),
    custodian=_SURGERY,
)
_CONFIDENTIAL_LETTER = Document(
    id="27863180006",
    master_id="d0c00006-5a5a-4e11-8f00-000000000006",
    patient=_JUNIPER,
    file=StoredFile(
        "0d2f5a10-0006-4c1b-8a5e-000000000006",
        "application/rtf",
        contents.Fixed(contents.rtf("Confidential letter", SAFEGUARDING)),
        confidential=True,
    ),
    description="Confidential letter",
    type_name="Safeguarding letter",
    created="2021-09-01T09:00:00+01:00",
    indexed="2021-09-01T12:00:00+01:00",
    authors=(_HOSPITAL,),
    custodian=_SURGERY,
)
_HOLIDAY_SUMMARY = Document(
    id="27863180007",
    master_id="d0c00007-5a5a-4e11-8f00-000000000007",
    patient=_OSWIN,
    file=StoredFile(
        "0d2f5a10-0007-4c1b-8a5e-000000000007",
        "text/html",
        contents.Fixed(contents.html("Summary for a holiday", SUMMARY)),
        version_id="3",
    ),
    description="Summary for a holiday",
    type_name="Patient held summary",
    created="2022-07-15T08:00:00+01:00",
    indexed="2022-07-15T08:00:30+01:00",
    authors=(_SURGERY, _DOCTOR),
    custodian=_SURGERY,
)
_LAST_LETTER = Document(
    id="27863180008",
    master_id="d0c00008-5a5a-4e11-8f00-000000000008",
    patient=_LATELY_DECEASED,
    file=StoredFile(
        "0d2f5a10-0008-4c1b-8a5e-000000000008",
        "application/rtf",
        contents.Fixed(contents.rtf("Clinic letter", REFERRAL)),
    ),
    description="Clinic letter",
    type_name="Outpatient letter",
    created="2020-02-11T15:00:00+00:00",
    indexed="2020-02-14T09:00:00+00:00",
    authors=(_HOSPITAL, _CONSULTANT),
    custodian=_SURGERY,
)

DATASET = Dataset(
    patients=(
        _JUNIPER,
        _OSWIN,
        _WITHOUT_DOCUMENTS,
        _DISSENTING,
        _LONG_DECEASED,
        _LATELY_DECEASED,
        _INACTIVE,
        _SENSITIVE,
    ),
    documents=(
        _DISCHARGE_SUMMARY,
        _REFERRAL_REPLY,
        _PHOTOGRAPH,
        _HOME_VISIT_NOTE,
        _SCANNED_FOLDER,
        _CONFIDENTIAL_LETTER,
        _HOLIDAY_SUMMARY,
        _LAST_LETTER,
    ),
)
