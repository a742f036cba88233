//! Webhooks of integrations, and the log of what was posted.

crate::dialect::step!(
    r"
CREATE TABLE webhook (
  id {uuid} PRIMARY KEY,
  account_id {uuid} NOT NULL REFERENCES account (id),
  api_key_id {uuid} NOT NULL REFERENCES api_key (id),
  name text NOT NULL,
  url text NOT NULL,
  document text NOT NULL,
  variables text NOT NULL,
  operation_name text,
  secret {blob} NOT NULL,
  old_secret {blob},
  old_secret_until {moment},
  state {text} NOT NULL,
  disabled_because text,
  failing_since {moment},
  seen_transaction {big} NOT NULL,
  seen_sequence {big} NOT NULL,
  leased_by {uuid},
  leased_until {moment},
  created_at {moment} NOT NULL,
  created_by {uuid} REFERENCES account (id),
  version integer NOT NULL,
  CHECK ((old_secret IS NULL) = (old_secret_until IS NULL)),
  CHECK ((state = 'DISABLED') = (disabled_because IS NOT NULL)),
  CHECK ((leased_by IS NULL) = (leased_until IS NULL))
)
;
CREATE INDEX webhook_account ON webhook (account_id, id)
;
CREATE INDEX webhook_key ON webhook (api_key_id, id)
;
CREATE INDEX webhook_active ON webhook (id) WHERE state = 'ACTIVE'
;
CREATE TABLE webhook_delivery (
  id {uuid} PRIMARY KEY,
  webhook_id {uuid} NOT NULL REFERENCES webhook (id),
  kind text NOT NULL,
  line_transaction {big} NOT NULL,
  line_sequence {big} NOT NULL,
  state {text} NOT NULL,
  attempts integer NOT NULL CHECK (attempts >= 0),
  next_attempt_at {moment},
  status_code integer,
  error text,
  milliseconds integer,
  made_at {moment} NOT NULL,
  delivered_at {moment},
  CHECK ((state IN ('PENDING', 'FAILED')) = (next_attempt_at IS NOT NULL))
)
;
CREATE INDEX webhook_delivery_webhook ON webhook_delivery (webhook_id, id)
;
CREATE INDEX webhook_delivery_due ON webhook_delivery (next_attempt_at, webhook_id) WHERE next_attempt_at IS NOT NULL
;
CREATE INDEX webhook_delivery_next ON webhook_delivery (webhook_id, next_attempt_at, id) WHERE next_attempt_at IS NOT NULL
;
CREATE INDEX webhook_delivery_made ON webhook_delivery (made_at)
",
    &["webhook_delivery", "webhook"]
);
