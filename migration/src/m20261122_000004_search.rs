//! What records are found by. Both tables are derived: `lianhu reindex` fills them from the records.
//!
//! A search reads the first rows of each branch of a scope in the order of an index: place, kind, rank, pair, record.
//! Regions are public, and are read without a place (kind 1).

crate::dialect::step!(
    r"
CREATE TABLE search_gram (
  kind smallint NOT NULL,
  entity_id {uuid} NOT NULL,
  gram {text} NOT NULL,
  weight smallint NOT NULL,
  county_id {uuid},
  township_id {uuid},
  village_id {uuid},
  PRIMARY KEY (kind, entity_id, gram)
)
{sqlite}
WITHOUT ROWID
{end}
;
CREATE INDEX search_gram_county ON search_gram (county_id, kind, weight, gram, entity_id)
;
CREATE INDEX search_gram_township ON search_gram (township_id, kind, weight, gram, entity_id)
;
CREATE INDEX search_gram_village ON search_gram (village_id, kind, weight, gram, entity_id)
;
CREATE INDEX search_gram_region ON search_gram (kind, weight, gram, entity_id) WHERE kind = 1
;
CREATE TABLE search_text (
  kind smallint NOT NULL,
  entity_id {uuid} NOT NULL,
  words {text} NOT NULL,
  PRIMARY KEY (kind, entity_id)
)
{sqlite}
WITHOUT ROWID
{end}
",
    &["search_text", "search_gram"]
);
