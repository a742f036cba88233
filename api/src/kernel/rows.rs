//! Loaders: what many parents ask is asked once. A key is one question; all keys of its type that are asked at one
//! level of an operation become one statement, however many rows there are.
//!
//! The library's own loader waits a fixed time or races with other threads for the moment to send; this one sends when
//! the operation has nothing else left to do, so that the number of statements depends on its shape alone.

use super::{
    error::{Error, Result},
    request::Ctx,
    settle::settle,
};
use futures_util::{
    FutureExt,
    future::{BoxFuture, Shared, WeakShared},
};
use std::{
    collections::{HashMap, HashSet},
    hash::Hash,
    sync::{Arc, Mutex, PoisonError},
};

/// A question that many may ask at once.
pub trait Key: Clone + Eq + Hash + Send + Sync + 'static {
    /// The answer to it.
    type Value: Clone + Send + Sync + 'static;

    /// Answers all of them, in as few statements as the kinds of questions need. A key without an answer is absent.
    fn load(ctx: Ctx, keys: Vec<Self>) -> impl Future<Output = Result<HashMap<Self, Self::Value>>> + Send;
}

type Answers<K> = Result<Arc<HashMap<K, <K as Key>::Value>>>;
type Batch<K> = Shared<BoxFuture<'static, Answers<K>>>;
/// A batch as the desk knows it: whoever waits for it owns it, so that a request that is given up leaves nothing behind.
type Known<K> = WeakShared<BoxFuture<'static, Answers<K>>>;

struct Desk<K: Key> {
    known: HashMap<K, Option<K::Value>>,
    waiting: HashSet<K>,
    batch: Option<Known<K>>,
    asked: HashMap<K, Known<K>>,
}

impl<K: Key> Default for Desk<K> {
    fn default() -> Self {
        Self { known: HashMap::new(), waiting: HashSet::new(), batch: None, asked: HashMap::new() }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Ctx {
    /// The answer to one question, asked together with all others of its kind.
    pub async fn load<K: Key>(&self, key: K) -> Result<Option<K::Value>> {
        let desk = self.shelf().of::<Mutex<Desk<K>>>();
        let batch = {
            let mut open = lock(&desk);
            if let Some(known) = open.known.get(&key) {
                return Ok(known.clone());
            }
            // On its way already, or the next to go.
            if let Some(batch) = open.asked.get(&key).and_then(Known::<K>::upgrade) {
                batch
            } else {
                let next = open.batch.as_ref().and_then(Known::<K>::upgrade);
                let batch: Batch<K> =
                    next.unwrap_or_else(|| ask(self.clone(), Arc::clone(&desk)).boxed().shared());
                open.batch = batch.downgrade();
                if let Some(known) = batch.downgrade() {
                    open.asked.insert(key.clone(), known);
                }
                open.waiting.insert(key.clone());
                batch
            }
        };
        Ok(batch.await?.get(&key).cloned())
    }

    /// Puts answers that came with another question where they will be looked for.
    pub fn remember<K: Key>(&self, answers: impl IntoIterator<Item = (K, K::Value)>) {
        let desk = self.shelf().of::<Mutex<Desk<K>>>();
        lock(&desk).known.extend(answers.into_iter().map(|(key, value)| (key, Some(value))));
    }
}

async fn ask<K: Key>(ctx: Ctx, desk: Arc<Mutex<Desk<K>>>) -> Answers<K> {
    // Whoever has the same question has put it by then. All wait for the batch alone, so that all go on together.
    settle().await;
    let keys: Vec<K> = {
        let mut open = lock(&desk);
        open.batch = None;
        open.waiting.drain().collect()
    };
    let answers = K::load(ctx, keys.clone()).await;
    let mut open = lock(&desk);
    for key in &keys {
        open.asked.remove(key);
    }
    let answers = answers?;
    open.known.extend(keys.into_iter().map(|key| {
        let answer = answers.get(&key).cloned();
        (key, answer)
    }));
    drop(open);
    Ok::<_, Error>(Arc::new(answers))
}
