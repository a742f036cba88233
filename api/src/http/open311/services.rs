//! Services: the categories of a county.

use std::collections::HashSet;
use std::sync::Arc;

use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::json;

use super::{Asked, Door, Wrong, named};

const PLACE: &str = "query Jurisdiction($code: RegionCode!) {
  region(by: { code: $code }) { id kind ancestors { id kind } }
}";

const SERVICES: &str = "query Services($county: ID!) {
  categories(countyId: $county) { id name field parent { id name } }
}";

/// A region, as far as it is a jurisdiction.
#[derive(Deserialize)]
struct Place {
    id: String,
    kind: String,
    #[serde(default)]
    ancestors: Vec<Above>,
}

#[derive(Deserialize)]
struct Above {
    id: String,
    kind: String,
}

#[derive(Deserialize)]
struct Found {
    region: Option<Place>,
}

#[derive(Deserialize)]
struct Categories {
    categories: Option<Vec<Category>>,
}

#[derive(Deserialize)]
struct Category {
    id: String,
    name: String,
    field: String,
    parent: Option<Parent>,
}

#[derive(Deserialize)]
struct Parent {
    id: String,
    name: String,
}

/// The jurisdiction that is named: its region, and the county around it.
pub(super) async fn jurisdiction(asked: &Asked) -> Result<(String, String), Wrong> {
    let code = asked.parameter("jurisdiction_id").ok_or_else(|| {
        Wrong::bad(
            asked.locale,
            "应写明 jurisdiction_id：县、乡镇或村的区划代码，如 530304101。",
            "jurisdiction_id is needed: the code of a county, township or village, as 530304101.",
        )
    })?;
    let found: Found = asked.ask(PLACE, json!({"code": code})).await?;
    let region = found.region.ok_or_else(|| Wrong::not_there(asked.locale))?;
    let around = region.ancestors.iter().map(|above| (&above.kind, &above.id));
    let mut around = around.chain([(&region.kind, &region.id)]).collect::<Vec<_>>();
    // A city without counties stands for one.
    around.sort_by_key(|(kind, _)| *kind != "COUNTY");
    let county = around.into_iter().find(|(kind, _)| ["COUNTY", "CITY"].contains(&kind.as_str()));
    let county = county.map(|(_, id)| id.clone());
    county.map(|county| (region.id, county)).ok_or_else(|| {
        Wrong::bad(
            asked.locale,
            "辖区应为县或县以下的区域。",
            "A jurisdiction is a county, or a region within one.",
        )
    })
}

/// GET `services.json`: what can be asked for in a jurisdiction.
pub(super) async fn list(State(door): State<Arc<Door>>, request: Request) -> Result<Response, Wrong> {
    let asked = Asked::read(door, request).await?;
    let (_, county) = jurisdiction(&asked).await?;
    let all: Categories = asked.ask(SERVICES, json!({"county": county})).await?;
    let all = all.categories.unwrap_or_default();
    let above: HashSet<&str> =
        all.iter().filter_map(|one| one.parent.as_ref()).map(|parent| parent.id.as_str()).collect();
    let labels = asked.asker.door.labels();
    let services = all.iter().filter(|one| !above.contains(one.id.as_str())).map(|one| {
        let field = labels.of("DemandField", &one.field);
        let group = one.parent.as_ref().map_or(field, |parent| parent.name.as_str());
        json!({
            "service_code": one.id,
            "service_name": one.name,
            "description": format!("{field} / {}", one.name),
            "metadata": false,
            "type": "realtime",
            "keywords": field,
            "group": group,
        })
    });
    Ok(axum::Json(services.collect::<Vec<_>>()).into_response())
}

/// GET `services/{code}.json`: a service asks for nothing beside what every request has.
pub(super) async fn definition(
    State(door): State<Arc<Door>>,
    Path(name): Path<String>,
    request: Request,
) -> Result<Response, Wrong> {
    const ONE: &str = "query Service($id: ID!) { category(id: $id) { id retiredOn } }";
    #[derive(Deserialize)]
    struct Known {
        id: String,
        #[serde(rename = "retiredOn")]
        retired_on: Option<String>,
    }
    #[derive(Deserialize)]
    struct One {
        category: Option<Known>,
    }
    let asked = Asked::read(door, request).await?;
    let id = named(&name, asked.locale)?;
    let one: One = asked.ask(ONE, json!({"id": id})).await.map_err(|mut wrong| {
        // An id of no form of ours is one that is not there.
        if wrong.status == StatusCode::BAD_REQUEST {
            wrong = Wrong::not_there(asked.locale);
        }
        wrong
    })?;
    let known = one.category.filter(|known| known.retired_on.is_none());
    let known = known.ok_or_else(|| Wrong::not_there(asked.locale))?;
    Ok(axum::Json(json!([{"service_code": known.id, "attributes": []}])).into_response())
}

/// GET `discovery.json`: where the interface is, and what it speaks.
pub(super) async fn discovery(State(door): State<Arc<Door>>) -> Response {
    let base = door.state.config.http.public_address.trim_end_matches('/').to_owned();
    axum::Json(json!({
        "changeset": "2026-11-22T00:00:00+08:00",
        "contact": base,
        "key_service": format!("{base}/graphql"),
        "endpoints": [{
            "specification": "http://wiki.open311.org/GeoReport_v2",
            "url": format!("{base}/open311/v2"),
            "changeset": "2026-11-22T00:00:00+08:00",
            "type": "production",
            "formats": ["application/json"],
        }],
    }))
    .into_response()
}
