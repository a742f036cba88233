//! A server of its own for each test.

use crate::{
    actor::Actor,
    ground::{self, Ground},
};
use chrono::{Days, Duration, NaiveTime};
use lianhu::{
    State,
    config::{Config, DatabaseUrl},
    http,
    kernel::{db::Db, policy::Policy},
};
use std::{net::SocketAddr, sync::Arc};
use tokio::{sync::oneshot, task::JoinHandle};

/// A running server over a copy of the demonstration.
pub struct World {
    /// What the server holds: its clock may be moved, its statements counted.
    pub state: Arc<State>,
    /// Where it listens.
    pub address: SocketAddr,
    /// The database under it.
    pub ground: Arc<Ground>,
    stop: Option<oneshot::Sender<()>>,
    serving: Option<JoinHandle<()>>,
}

impl World {
    /// The demonstration, served.
    pub async fn demo() -> Self {
        Self::over(Arc::new(Ground::demo().await), |_| ()).await
    }

    /// The demonstration, served with other settings.
    pub async fn with(settings: impl FnOnce(&mut Config)) -> Self {
        Self::over(Arc::new(Ground::demo().await), settings).await
    }

    /// A server over this database.
    pub async fn over(ground: Arc<Ground>, settings: impl FnOnce(&mut Config)) -> Self {
        Self::under(Policy::default(), ground, settings).await
    }

    /// A server over this database that goes by another table of rights.
    pub async fn under(policy: Policy, ground: Arc<Ground>, settings: impl FnOnce(&mut Config)) -> Self {
        let mut config = Config::default();
        config.database.url = DatabaseUrl::new(ground.url());
        config.database.readers = 4;
        config.database.acquire_timeout = std::time::Duration::from_secs(5);
        config.store.folder = ground.store();
        settings(&mut config);
        let db = Db::open(&lianhu::options(&config)).await.expect("the database opens");
        let state = State::over(config, db, &ground::SECRET, policy).await;
        let state = state.unwrap_or_else(|error| panic!("{error:?}"));
        let state = Arc::new(state);
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let (stop, stopped) = oneshot::channel();
        let router = http::router(Arc::clone(&state));
        let limits = state.config.http.clone();
        let serving = tokio::spawn(async move {
            let stop = async {
                let _ = stopped.await;
            };
            http::listener::serve(listener, router, &limits, stop).await;
        });
        Self { state, address, ground, stop: Some(stop), serving: Some(serving) }
    }

    /// Address of the GraphQL endpoint.
    #[must_use]
    pub fn endpoint(&self) -> String {
        format!("http://{}/graphql", self.address)
    }

    /// Somebody who is not signed in.
    #[must_use]
    pub fn anyone(&self) -> Actor {
        Actor::new(self.endpoint())
    }

    /// Somebody of the demonstration, signed in: `contact`, `town-admin` …
    pub async fn actor(&self, name: &str) -> Actor {
        self.anyone().sign_in(name, &ground::password(name)).await
    }

    /// Statements that the server sends for something.
    pub async fn statements<T>(&self, of: impl Future<Output = T>) -> (T, u64) {
        let before = self.state.db.statements();
        let done = of.await;
        (done, self.state.db.statements() - before)
    }

    /// From now to the next midnight of China Standard Time, by the clock of the server.
    #[must_use]
    pub fn to_midnight(&self) -> Duration {
        let now = self.state.clock.now().0.naive_utc() + Duration::hours(8);
        (now.date() + Days::new(1)).and_time(NaiveTime::MIN) - now
    }

    /// Stops the server as a signal would, and waits for it.
    pub async fn stop(mut self) -> Arc<Ground> {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
        if let Some(serving) = self.serving.take() {
            serving.await.expect("the server stops by itself");
        }
        Arc::clone(&self.ground)
    }
}
