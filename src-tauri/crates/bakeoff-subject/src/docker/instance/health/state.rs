//! What a repair must leave as it is, as the system tells it.

use super::{Client, Health, PREFIX};
use crate::docker::error::DockerError;
use crate::docker::etcd::EtcdStatus;
use crate::docker::instance::Inner;
use bakeoff_core::lab::ClusterState;
use serde_json::{Map, json};

impl Health {
    pub(in super::super) async fn capture(&self, inner: &Inner) -> Result<ClusterState, DockerError> {
        let doing = || format!("read the state of {}", inner.subject.name);
        let mut state = ClusterState::default();
        for node in inner.project.nodes() {
            if let Some(service) = inner.project.service(&node.service) {
                state.settings.insert(format!("image of {}", node.service), json!(service.image));
                state.settings.insert(format!("command of {}", node.service), json!(service.command));
            }
        }
        match &self.client {
            Client::Etcd(etcd) => {
                let mut error = "no node runs".to_owned();
                for node in &inner.subject.nodes {
                    let Some(at) = self.address(&inner.project, &node.name, node.port).await else {
                        continue;
                    };
                    match etcd.status(at).await {
                        Ok(status) => drop(state.raw.insert(node.name.clone(), raw(&status))),
                        Err(said) => error = said,
                    }
                    if state.members.is_empty() {
                        let (members, all) = tokio::join!(etcd.members(at), etcd.count(at, ""));
                        let ours = etcd.count(at, PREFIX).await;
                        if let (Ok(members), Ok(all), Ok(ours)) = (members, all, ours) {
                            state.members = members.into_keys().collect();
                            state.records = Some(all.saturating_sub(ours));
                        }
                    }
                }
                if state.members.is_empty() {
                    return Err(DockerError::failed(doing(), error));
                }
            }
            Client::Pd(pd) => {
                let view =
                    self.pd_view(inner, pd).await.map_err(|error| DockerError::failed(doing(), error))?;
                state.members = view.stores.iter().map(|store| store.address.clone()).collect();
                state.members.sort();
                for store in &view.stores {
                    let told =
                        json!({"state": store.state, "leaders": store.leaders, "regions": store.regions});
                    state.raw.insert(store.address.clone(), told);
                }
                state.raw.insert("regions".to_owned(), json!(view.region_checks));
            }
        }
        Ok(state)
    }
}

fn raw(status: &EtcdStatus) -> serde_json::Value {
    let mut raw = Map::new();
    raw.insert("healthy".to_owned(), json!(status.healthy));
    raw.insert("leader".to_owned(), json!(status.leader));
    raw.insert("term".to_owned(), json!(status.term));
    raw.insert("index".to_owned(), json!(status.index));
    raw.insert("database_bytes".to_owned(), json!(status.database_bytes));
    raw.insert("version".to_owned(), json!(status.version));
    raw.into()
}
