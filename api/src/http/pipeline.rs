//! Everything around the execution of an operation, whatever way it came in: parse or take from the
//! cache, guard, cost, who is asking, budget, execute within a time limit, look over the errors.
//!
//! No extension of the engine is used: any, even an idle one, costs more than half again on every
//! field.

use std::net::{IpAddr, Ipv4Addr};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Instant;

use async_graphql::parser::types::{
    DocumentOperations, ExecutableDocument, Field, OperationDefinition, OperationType, Selection,
};
use async_graphql::parser::{Error as ParseError, parse_query};
use async_graphql::{Pos, Request, Response, Value, Variables};
use axum::http::StatusCode;
use futures_util::FutureExt;
use moka::sync::Cache;

use super::answer::{self, Answer, Refusal};
use super::budget::{Budget, Payer, Receipt};
use super::cost::Table;
use super::errors::{self, Reader};
use super::guard;
use super::key;
use super::telemetry::panic_text;
use crate::State;
use crate::account::{self, Pass};
use crate::kernel::error::{Code, Error, Fault, Locale};
use crate::kernel::request::Ctx;
use crate::webhook::Trial;

/// Parsed documents that are kept, in bytes of query text; the parsed form is some ten times larger.
const DOCUMENTS: u64 = 4 * 1024 * 1024;
/// Bytes of query text that are read for one unit of cost.
const PARSED_FOR_ONE: usize = 256;
/// When to come back after a time limit.
const RETRY_AFTER_TIMEOUT_MS: u64 = 1_000;
/// The longest operation name that is logged.
const MAX_LOGGED_NAME: usize = 64;

/// One operation, as it came in.
#[derive(Clone, Debug)]
pub struct Call {
    /// The text of the document.
    pub query: String,
    /// Which of its operations to run.
    pub operation_name: Option<String>,
    /// Values for its variables.
    pub variables: Variables,
    /// Only queries may run: it came by GET.
    pub read_only: bool,
    /// The idempotency key of the header.
    pub key: Option<String>,
    /// What is read leaves in a file, for this purpose.
    pub export: Option<String>,
    /// What was shown of who asks.
    pub pass: Pass,
    /// The language of messages.
    pub locale: Locale,
    /// The id of the request.
    pub request_id: String,
    /// From where it came.
    pub address: Option<IpAddr>,
}

impl Call {
    /// From where it came; nowhere, when it was made inside the process.
    fn address(&self) -> IpAddr {
        self.address.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED))
    }
}

/// An operation that may run, if whoever asks may.
pub(super) struct Ready {
    pub(super) call: Call,
    document: Arc<ExecutableDocument>,
    /// What it costs.
    pub(super) cost: u64,
}

impl Ready {
    /// What the engine is given for an operation.
    pub(super) fn request(&self, ctx: &Ctx) -> Request {
        let call = &self.call;
        let mut request = Request::new("")
            .variables(call.variables.clone())
            .data(call.locale)
            .data(ctx.clone())
            .data(call.address());
        request.operation_name.clone_from(&call.operation_name);
        request.set_parsed_query(ExecutableDocument::clone(&self.document));
        request
    }

    /// The root field of the document's only operation, if that is a subscription.
    pub(super) fn told(&self) -> Option<&Field> {
        let mut operations = self.document.operations.iter();
        let (_, only) = operations.next().filter(|_| operations.next().is_none())?;
        match only.node.selection_set.node.items.as_slice() {
            [root] if only.node.ty == OperationType::Subscription => match &root.node {
                Selection::Field(field) => Some(&field.node),
                _ => None,
            },
            _ => None,
        }
    }
}

/// The pipeline of a server; cheap to clone.
#[derive(Clone)]
pub struct Pipeline {
    pub(super) state: Arc<State>,
    table: Arc<Table>,
    budget: Arc<Budget>,
    documents: Cache<String, Arc<ExecutableDocument>>,
}

impl Pipeline {
    /// The pipeline of a server. Fails when the schema's own SDL can't be read.
    pub fn new(state: Arc<State>) -> Result<Self, String> {
        let table = Arc::new(Table::from_sdl(&state.schema.sdl())?);
        let budget = Arc::new(Budget::new(&state.config.graphql));
        let weigh =
            |text: &String, _: &Arc<ExecutableDocument>| u32::try_from(text.len()).unwrap_or(u32::MAX);
        let documents = Cache::builder().max_capacity(DOCUMENTS).weigher(weigh).build();
        Ok(Self { state, table, budget, documents })
    }

    /// Runs one operation. Answers always, whatever happens inside.
    pub async fn run(&self, call: Call) -> Answer {
        let started = Instant::now();
        let request_id = call.request_id.clone();
        let reader =
            Reader { locale: call.locale, request_id: &request_id, anonymous: call.pass.is_nobody() };
        let mut operation = "unknown";
        let answer = match self.steps(call, reader, &mut operation).await {
            Ok(response) => answer::executed(response),
            Err(refusal) => answer::refused(refusal, reader),
        };
        note_outcome(operation, &answer, started);
        answer
    }

    async fn steps(
        &self,
        call: Call,
        reader: Reader<'_>,
        kind: &mut &'static str,
    ) -> Result<Response, Refusal> {
        let ready = self.ready(call, false, kind)?;
        let (mut response, receipt) = self
            .in_time(reader.request_id, self.enter_and_execute(&ready, kind))
            .await
            .map_err(Refusal::from)??;
        errors::review(&mut response, reader);
        response.extensions.insert("cost".to_owned(), receipt.to_value());
        Ok(response)
    }

    /// Parsed, guarded, of a kind that this way takes, and not too costly; nobody has been asked who they are.
    pub(super) fn ready(
        &self,
        mut call: Call,
        live: bool,
        kind: &mut &'static str,
    ) -> Result<Ready, Refusal> {
        let limit = self.state.config.graphql.max_cost;
        let document = self.document(&call)?;
        let operation = select(&document, call.operation_name.as_deref())?;
        *kind = name_of(operation.ty);
        note_operation(&call, kind);
        allow_kind(operation, call.read_only, live)?;
        if let Some(key) = &call.key {
            key::place(operation, &mut call.variables, key);
        }
        check_variables(operation, &call.variables)?;
        let cost = self.table.cost(&document, operation, &call.variables);
        if cost > limit {
            return Err(too_costly(cost, limit).into());
        }
        Ok(Ready { call, document, cost })
    }

    /// Whether the operation that is asked for is a subscription. What can't be read is none.
    pub(super) fn is_subscription(&self, call: &Call) -> bool {
        let Ok(document) = self.document(call) else { return false };
        select(&document, call.operation_name.as_deref())
            .is_ok_and(|operation| operation.ty == OperationType::Subscription)
    }

    /// Does something within the time that an operation may take, and outlives its panics.
    pub(super) async fn in_time<T>(
        &self,
        request_id: &str,
        work: impl Future<Output = T>,
    ) -> Result<T, Fault> {
        let work = AssertUnwindSafe(work).catch_unwind();
        match tokio::time::timeout(self.state.config.graphql.timeout, work).await {
            Ok(Ok(done)) => Ok(done),
            Ok(Err(panic)) => {
                tracing::error!(request_id, cause = panic_text(&*panic), "a resolver panicked");
                Err(errors::internal())
            }
            Err(_) => Err(timed_out()),
        }
    }

    /// Who asks, once it has been paid.
    pub(super) async fn enter(&self, call: &Call, cost: u64) -> Result<(Ctx, Receipt), Refusal> {
        let unknown = Payer::address(call.address());
        let nobody = call.pass.is_nobody();
        let receipt = if nobody { Some(self.spend(unknown.clone(), cost)?) } else { None };
        let entered =
            account::enter(&self.state, &call.pass, call.address, call.locale, &call.request_id).await;
        let ctx = match entered {
            Ok(ctx) => ctx,
            Err(fault) => {
                if receipt.is_none() && fault.code == Code::Unauthenticated {
                    self.spend(unknown, cost)?;
                }
                return Err(fault.into());
            }
        };
        let receipt = match receipt {
            Some(receipt) => receipt,
            None => self.spend(Payer::of(&ctx), cost)?,
        };
        Ok((ctx, receipt))
    }

    /// Writes down what was shown of people: what is not written down is not told.
    pub(super) async fn note(&self, ctx: &Ctx) -> Result<(), Fault> {
        let noted = self.state.access.note(&self.state.db, ctx.looks()).await;
        noted.map_err(|error| match error {
            Error::Fault(fault) => *fault,
            _ => errors::internal(),
        })
    }

    async fn enter_and_execute(&self, ready: &Ready, kind: &str) -> Result<(Response, Receipt), Refusal> {
        let (ctx, receipt) = self.enter(&ready.call, ready.cost).await?;
        if let Some(purpose) = &ready.call.export {
            ctx.exporting(purpose);
        }
        let mut request = ready.request(&ctx).data(receipt);
        if kind == name_of(OperationType::Mutation) {
            let trial: Arc<dyn Trial> = Arc::new(self.clone());
            request = request.data(trial);
        }
        let response = self.state.schema.execute(request).await;
        self.note(&ctx).await?;
        Ok((response, receipt))
    }

    /// The document of a text: parsed and guarded, now or before.
    ///
    /// Reading an unknown one is paid for by its address, or a stream of refused documents would
    /// cost us time and its sender nothing.
    fn document(&self, call: &Call) -> Result<Arc<ExecutableDocument>, Refusal> {
        let text = call.query.as_str();
        let limit = self.state.config.graphql.max_query_bytes;
        if text.len() > limit {
            return Err(Fault::new(
                Code::PayloadTooLarge,
                format!("查询文本最多 {limit} 字节"),
                format!("The query text may have at most {limit} bytes"),
            )
            .into());
        }
        if let Some(document) = self.documents.get(text) {
            return Ok(document);
        }
        self.spend(
            Payer::address(call.address()),
            u64::try_from(text.len() / PARSED_FOR_ONE).unwrap_or(u64::MAX),
        )?;
        guard::scan(text)?;
        let document = Arc::new(parse_query(text).map_err(|error| not_graphql(&error))?);
        guard::check(&document)?;
        self.documents.insert(text.to_owned(), Arc::clone(&document));
        Ok(document)
    }

    /// Takes a cost from the budget of whoever pays, for what comes in another way than as an operation, too.
    pub(super) fn spend(&self, payer: Payer, cost: u64) -> Result<Receipt, Refusal> {
        self.budget.spend(payer, cost, self.state.clock.now().0).map_err(|spent| Refusal {
            receipt: Some(spent.receipt),
            ..Fault::new(
                Code::RateLimited,
                "请求过于频繁，请稍后再试",
                "Too many requests in this minute; come back later",
            )
            .retry_after(spent.retry_after_ms)
            .into()
        })
    }
}

/// The operation that is asked for.
fn select<'a>(
    document: &'a ExecutableDocument,
    name: Option<&str>,
) -> Result<&'a OperationDefinition, Fault> {
    let found = match (&document.operations, name) {
        (DocumentOperations::Single(operation), None) => Some(operation),
        (DocumentOperations::Multiple(operations), Some(name)) => operations.get(name),
        (DocumentOperations::Multiple(operations), None) if operations.len() == 1 => {
            operations.values().next()
        }
        _ => None,
    };
    found.map(|operation| &operation.node).ok_or_else(|| {
        Fault::new(
            Code::GraphqlValidationFailed,
            "operationName 须指明文档中的一个操作",
            "operationName must name one of the document's operations",
        )
    })
}

fn allow_kind(operation: &OperationDefinition, read_only: bool, live: bool) -> Result<(), Refusal> {
    let kind = operation.ty;
    if kind == OperationType::Subscription && !live {
        return Err(Fault::new(
            Code::GraphqlValidationFailed,
            "此通道不支持订阅，请使用 WebSocket 或 SSE",
            "Subscriptions don't go over this transport; use WebSocket or server-sent events",
        )
        .into());
    }
    if kind == OperationType::Subscription && !is_single(operation) {
        return Err(Fault::new(
            Code::GraphqlValidationFailed,
            "订阅须且只须选择一个根字段，不能用片段或指令",
            "A subscription selects exactly one root field, without fragments or directives",
        )
        .into());
    }
    if read_only && kind == OperationType::Mutation {
        let fault =
            Fault::new(Code::BadUserInput, "GET 只能查询，变更请用 POST", "GET only runs queries; use POST");
        return Err(Refusal { status: Some(StatusCode::METHOD_NOT_ALLOWED), ..fault.into() });
    }
    Ok(())
}

/// Whether it selects one field at the root, always.
fn is_single(operation: &OperationDefinition) -> bool {
    match operation.selection_set.node.items.as_slice() {
        [only] => matches!(&only.node, Selection::Field(field)
            if field.node.directives.is_empty() && !field.node.name.node.starts_with("__")),
        _ => false,
    }
}

/// A variable that must have a value has one; what kind of value, the engine checks.
fn check_variables(operation: &OperationDefinition, variables: &Variables) -> Result<(), Refusal> {
    for definition in &operation.variable_definitions {
        let variable = &definition.node;
        let required = !variable.var_type.node.nullable;
        let lacks = match variables.get(&variable.name.node) {
            Some(value) => *value == Value::Null,
            None => variable.default_value.is_none(),
        };
        if required && lacks {
            let name = &variable.name.node;
            let fault = Fault::new(
                Code::BadUserInput,
                format!("变量 ${name} 不能为空"),
                format!("Variable ${name} must have a value"),
            );
            return Err(Refusal { locations: vec![definition.pos], ..fault.into() });
        }
    }
    Ok(())
}

fn not_graphql(error: &ParseError) -> Refusal {
    let fault = match error {
        ParseError::RecursionLimitExceeded => {
            Fault::new(Code::QueryTooDeep, "查询嵌套过深", "The document is nested too deep")
        }
        ParseError::Syntax { start: Pos { line, column }, .. } => Fault::new(
            Code::GraphqlParseFailed,
            format!("第 {line} 行第 {column} 列不是正确的 GraphQL"),
            format!("Not GraphQL at line {line}, column {column}"),
        ),
        other => Fault::new(
            Code::GraphqlParseFailed,
            format!("不是正确的 GraphQL 文档：{other}"),
            format!("Not a GraphQL document: {other}"),
        ),
    };
    Refusal { locations: error.positions().collect(), ..fault.into() }
}

fn too_costly(cost: u64, limit: u64) -> Fault {
    Fault::new(
        Code::QueryTooCostly,
        format!("操作成本 {cost} 超出上限 {limit}，请减少 first 或分次查询"),
        format!("The operation costs {cost} and may cost {limit}; ask for smaller pages or in parts"),
    )
}

fn timed_out() -> Fault {
    Fault::new(Code::Timeout, "操作超时，请稍后再试", "The operation took too long; try again later")
        .retry_after(RETRY_AFTER_TIMEOUT_MS)
}

fn name_of(kind: OperationType) -> &'static str {
    match kind {
        OperationType::Query => "query",
        OperationType::Mutation => "mutation",
        OperationType::Subscription => "subscription",
    }
}

/// Counts an operation and its outcome.
pub(super) fn note_outcome(operation: &'static str, answer: &Answer, started: Instant) {
    let outcome = answer.body.errors.first().and_then(errors::code_of).unwrap_or("OK").to_owned();
    let labels = [("operation", operation.to_owned()), ("outcome", outcome)];
    metrics::counter!("graphql_requests_total", &labels).increment(1);
    metrics::histogram!("graphql_request_duration_seconds", &labels).record(started.elapsed().as_secs_f64());
}

/// Names the operation in the span of its request.
fn note_operation(call: &Call, kind: &str) {
    let name = call.operation_name.as_deref().unwrap_or(kind);
    let end = name.floor_char_boundary(MAX_LOGGED_NAME);
    tracing::Span::current().record("operation", &name[..end]);
}
