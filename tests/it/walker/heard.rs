//! What the server says in its log, on whatever thread, more talkative than any operator would have it.

use std::{
    fmt::Write,
    sync::{Arc, Mutex, PoisonError},
};
use tracing::{
    Dispatch, Event, Level, Metadata, Subscriber,
    dispatcher::set_default,
    field::{Field, Visit},
    span::{Attributes, Id, Record},
};
use tracing_subscriber::{
    Layer,
    layer::{Context, SubscriberExt},
    registry::Registry,
};

/// The log so far.
#[derive(Clone, Debug, Default)]
pub(super) struct Heard(Arc<Mutex<String>>);

struct Taker<'a>(&'a mut String);

impl Visit for Taker<'_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        _ = write!(self.0, " {}={value}", field.name());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        _ = write!(self.0, " {}={value:?}", field.name());
    }
}

impl Heard {
    fn take(&self, beginning: &str, fields: impl FnOnce(&mut Taker<'_>)) {
        let mut text = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        text.push_str(beginning);
        fields(&mut Taker(&mut text));
        text.push('\n');
    }

    /// What was said since the last time.
    pub(super) fn said(&self) -> String {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Runs something on threads of its own, all of which are listened to.
    pub(super) fn listening<T>(&self, work: impl Future<Output = T>) -> T {
        let dispatch = Dispatch::new(Registry::default().with(self.clone()));
        // Beside a single one, a thread of another test that listens to nothing may decide for all that nobody does.
        let _second = Dispatch::new(Registry::default().with(Self::default()));
        let _own = set_default(&dispatch);
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .on_thread_start(move || std::mem::forget(set_default(&dispatch)))
            .build();
        runtime.expect("a runtime").block_on(work)
    }
}

impl<S: Subscriber> Layer<S> for Heard {
    fn enabled(&self, metadata: &Metadata<'_>, _: Context<'_, S>) -> bool {
        let most = if metadata.target().starts_with("lianhu") { Level::TRACE } else { Level::DEBUG };
        *metadata.level() <= most
    }

    fn on_new_span(&self, attributes: &Attributes<'_>, _: &Id, _: Context<'_, S>) {
        self.take(attributes.metadata().name(), |taker| attributes.record(taker));
    }

    fn on_record(&self, _: &Id, values: &Record<'_>, _: Context<'_, S>) {
        self.take("", |taker| values.record(taker));
    }

    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        self.take(event.metadata().target(), |taker| event.record(taker));
    }
}
