//! Subscriptions on their way out, whatever the transport: [`socket`] is `graphql-transport-ws`, [`events`] server-sent
//! events. Both have their events from [`stream`], which makes a request of its own for each batch of changes.
//!
//! Nothing is queued for whoever is slow: events are made when there is room to send them, and whoever falls too far behind
//! is told to read anew.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use entity::id::AccountId;

use crate::kernel::error::{Code, Fault};

pub mod events;
mod message;
pub mod socket;
mod stream;

/// What an account may hold open.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) enum Seat {
    /// A socket.
    Socket,
    /// A stream of server-sent events.
    Stream,
}

impl Seat {
    /// How many of them at once.
    fn most(self) -> usize {
        match self {
            Self::Socket => 5,
            Self::Stream => 20,
        }
    }
}

/// Who holds what open, in this process.
#[derive(Debug, Default)]
pub struct Seats(Mutex<HashMap<(AccountId, Seat), usize>>);

/// One that is taken, for as long as this is held.
#[derive(Debug)]
pub(super) struct Taken {
    seats: Arc<Seats>,
    of: (AccountId, Seat),
}

impl Seats {
    /// Takes one, if the account has not too many.
    pub(super) fn take(self: &Arc<Self>, account: AccountId, seat: Seat) -> Option<Taken> {
        let of = (account, seat);
        let mut taken = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = taken.entry(of).or_default();
        if *count >= seat.most() {
            return None;
        }
        *count += 1;
        metrics::gauge!("live_open", "kind" => format!("{seat:?}")).increment(1);
        Some(Taken { seats: Arc::clone(self), of })
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        let mut taken = self.seats.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = taken.get_mut(&self.of) {
            *count -= 1;
            if *count == 0 {
                taken.remove(&self.of);
            }
        }
        metrics::gauge!("live_open", "kind" => format!("{:?}", self.of.1)).decrement(1);
    }
}

/// The refusal of one more than there may be at once.
fn too_many(most: usize) -> Fault {
    Fault::new(
        Code::RateLimited,
        format!("同时最多 {most} 个订阅，请先结束不需要的"),
        format!("{most} streams at once at the most; end those that are not needed"),
    )
}
