//! Since when an enterprise is closed: what is personal of it is kept for so many days more.

crate::dialect::step!(
    r"
ALTER TABLE enterprise ADD COLUMN closed_on {date}
;
{postgres}
UPDATE enterprise SET closed_on = (CURRENT_TIMESTAMP AT TIME ZONE 'Asia/Shanghai')::date WHERE status = 'CLOSED'
;
{end}
{sqlite}
UPDATE enterprise SET closed_on = date('now', '+8 hours') WHERE status = 'CLOSED'
;
{end}
CREATE INDEX enterprise_closed ON enterprise (closed_on) WHERE closed_on IS NOT NULL
",
    back: r"
DROP INDEX enterprise_closed
;
ALTER TABLE enterprise DROP COLUMN closed_on
"
);
