//! Notices of what comes in floods: one counts on until it is read.

crate::dialect::step!(
    r"
ALTER TABLE notice ADD COLUMN count integer NOT NULL DEFAULT 1 CHECK (count > 0)
;
CREATE INDEX notice_gathered ON notice (account_id, kind) WHERE read_at IS NULL
",
    back: r"
DROP INDEX notice_gathered
;
ALTER TABLE notice DROP COLUMN count
"
);
