//! Cards of households: left with them or kept by their contacts, and what the code on them holds. Of each kind one stands.

crate::dialect::step!(
    r"
CREATE TABLE contact_card (
  id {uuid} PRIMARY KEY,
  household_id {uuid} NOT NULL REFERENCES household (id),
  kind text NOT NULL,
  filled_on {date},
  filled_by {uuid} REFERENCES account (id),
  issued_on {date},
  issued_by {uuid} REFERENCES account (id),
  assignment_id {uuid} REFERENCES contact_assignment (id),
  promise text,
  basics text,
  matters text,
  results text,
  word text,
  replaced_on {date},
  version integer NOT NULL,
  CHECK (filled_on IS NOT NULL OR issued_on IS NOT NULL),
  CHECK (kind = 'CONTACT' OR assignment_id IS NULL)
)
;
CREATE UNIQUE INDEX contact_card_standing ON contact_card (household_id, kind) WHERE replaced_on IS NULL
;
CREATE INDEX contact_card_household ON contact_card (household_id, id)
;
CREATE TABLE card_token (
  id {uuid} PRIMARY KEY,
  household_id {uuid} NOT NULL REFERENCES household (id),
  hash {blob} NOT NULL,
  token {blob},
  made_at {moment} NOT NULL,
  revoked_at {moment},
  revoked_by {uuid} REFERENCES account (id),
  version integer NOT NULL,
  CHECK ((token IS NULL) = (revoked_at IS NOT NULL))
)
;
CREATE UNIQUE INDEX card_token_hash ON card_token (hash)
;
CREATE UNIQUE INDEX card_token_good ON card_token (household_id) WHERE revoked_at IS NULL
",
    back: r"
DROP TABLE card_token
;
DROP TABLE contact_card
"
);
