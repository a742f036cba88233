//! The change log and the ledger of mutations.

crate::dialect::step!(
    r"
CREATE TABLE change (
  sequence {sequence},
  at {moment} NOT NULL,
  entity text NOT NULL,
  entity_id {uuid} NOT NULL,
  entity_version integer NOT NULL,
  kind text NOT NULL,
  columns {json} NOT NULL,
  content {json} NOT NULL,
  actor {uuid},
  idempotency_key {uuid},
  request_id text NOT NULL
{postgres}
  , xid xid8 NOT NULL DEFAULT pg_current_xact_id()
{end}
)
;
CREATE INDEX change_entity ON change (entity, entity_id, sequence)
;
{postgres}
CREATE INDEX change_xid ON change (xid, sequence)
;
{end}
CREATE TABLE idempotency (
  account_id {uuid} NOT NULL,
  key {uuid} NOT NULL,
  operation text NOT NULL,
  fingerprint {blob} NOT NULL,
  entity_id {uuid} NOT NULL,
  created_at {moment} NOT NULL,
  PRIMARY KEY (account_id, key)
)
;
CREATE INDEX idempotency_created_at ON idempotency (created_at)
",
    &["idempotency", "change"]
);
