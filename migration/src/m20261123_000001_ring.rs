//! The key ring: keys wrapped by a key that is derived from the master secret.

crate::dialect::step!(
    r"
CREATE TABLE ring_key (
  purpose text NOT NULL,
  id smallint NOT NULL,
  wrapped {blob},
  created_at {moment} NOT NULL,
  active_from {moment} NOT NULL,
  retired_at {moment},
  swept_at {moment},
  worked_at {moment},
  removed_at {moment},
  PRIMARY KEY (purpose, id),
  CHECK (id > 0 AND (purpose <> 'SEAL' OR id < 256)),
  CHECK ((wrapped IS NULL) = (removed_at IS NOT NULL)),
  CHECK (removed_at IS NULL OR retired_at IS NOT NULL)
)
;
CREATE UNIQUE INDEX ring_key_newest ON ring_key (purpose) WHERE retired_at IS NULL
",
    &["ring_key"]
);
