//! Other ways in than a password: keys of integrations, identities of an outer sign-on; and sheets that are handed out once.

crate::dialect::step!(
    r"
CREATE TABLE api_key (
  id {uuid} PRIMARY KEY,
  account_id {uuid} NOT NULL REFERENCES account (id),
  name {text} NOT NULL,
  secret_hash {blob} NOT NULL,
  scopes text NOT NULL,
  region_id {uuid} NOT NULL REFERENCES region (id),
  addresses text NOT NULL,
  cost_per_minute integer NOT NULL,
  created_at {moment} NOT NULL,
  created_by {uuid} REFERENCES account (id),
  expires_at {moment} NOT NULL,
  last_used_at {moment},
  revoked_at {moment},
  version integer NOT NULL
)
;
CREATE INDEX api_key_account ON api_key (account_id, id)
;
CREATE INDEX api_key_region ON api_key (region_id)
;
CREATE TABLE account_identity (
  id {uuid} PRIMARY KEY,
  account_id {uuid} NOT NULL REFERENCES account (id),
  issuer {text} NOT NULL,
  subject {text} NOT NULL,
  created_at {moment} NOT NULL,
  created_by {uuid} REFERENCES account (id),
  version integer NOT NULL,
  CONSTRAINT account_identity_subject UNIQUE (issuer, subject)
)
;
CREATE INDEX account_identity_account ON account_identity (account_id, id)
;
CREATE TABLE sign_on (
  state_hash {blob} PRIMARY KEY,
  sealed {blob} NOT NULL,
  account_id {uuid} REFERENCES account (id),
  expires_at {moment} NOT NULL
)
;
CREATE INDEX sign_on_expires ON sign_on (expires_at)
;
CREATE TABLE handout (
  id {uuid} PRIMARY KEY,
  account_id {uuid} NOT NULL REFERENCES account (id),
  file_name text NOT NULL,
  sealed {blob},
  rows integer NOT NULL,
  left_over integer NOT NULL,
  beyond integer NOT NULL,
  expires_at {moment} NOT NULL
)
;
CREATE INDEX handout_expires ON handout (expires_at)
",
    &["handout", "sign_on", "account_identity", "api_key"]
);
