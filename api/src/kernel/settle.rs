//! Waiting until everything else that can run has run.

use std::{
    future::poll_fn,
    pin::pin,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
};

/// Whether the scheduler has come round, and whom to tell.
#[derive(Default)]
struct Round {
    come: AtomicBool,
    waiting: Mutex<Option<Waker>>,
}

impl Round {
    fn waiting(&self) -> std::sync::MutexGuard<'_, Option<Waker>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Wake for Round {
    fn wake(self: Arc<Self>) {
        self.come.store(true, Ordering::Release);
        if let Some(waker) = self.waiting().take() {
            waker.wake();
        }
    }
}

/// Ends when the scheduler comes round after the task has nothing left to do. Unlike a plain yield it does not end
/// because somebody else who shares it looks at it again.
pub(crate) async fn settle() {
    let round = Arc::new(Round::default());
    let waker = Waker::from(Arc::clone(&round));
    let mut turn = pin!(tokio::task::yield_now());
    let mut asked = false;
    poll_fn(|cx| {
        *round.waiting() = Some(cx.waker().clone());
        if !asked {
            asked = true;
            return turn.as_mut().poll(&mut Context::from_waker(&waker));
        }
        if round.come.load(Ordering::Acquire) { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
}
