//! A fault as a campaign's file writes it. The doc comments here are the help that the editor shows.

use super::{Direction, FaultKind};
use crate::check::whole;
use schemars::JsonSchema;
use serde::Deserialize;

/// What is done to a system under test.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawFault {
    /// What is done; `none` is the control, in which nothing is wrong.
    #[serde(rename = "type")]
    #[schemars(required)]
    pub kind: Option<FaultKind>,
    /// How; what is left out has its default.
    pub params: Option<RawParams>,
}

/// Parameters of a fault. Each kind has some of them.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawParams {
    /// The node that it hits: any, leader, follower, or a node's name. Default any, chosen by the seed.
    #[schemars(length(min = 1))]
    pub node: Option<String>,
    /// Of latency: the least delay in milliseconds. Default 50.
    #[serde(default, deserialize_with = "whole")]
    #[schemars(range(min = 1, max = 60_000))]
    pub min_ms: Option<u32>,
    /// Of latency: the largest delay in milliseconds. Default 150.
    #[serde(default, deserialize_with = "whole")]
    #[schemars(range(min = 1, max = 60_000))]
    pub max_ms: Option<u32>,
    /// Of packet_loss: how many of 100 packets are lost. Default 30.
    #[schemars(range(max = 100.0), extend("exclusiveMinimum" = 0.0))]
    pub percent: Option<f64>,
    /// Of disk_pressure: how much of what is free is filled, in percent. Default 80.
    #[schemars(range(max = 100.0), extend("exclusiveMinimum" = 0.0))]
    pub fill_percent: Option<f64>,
    /// Of network_partition: symmetric (nothing passes) or asymmetric (the node hears its peers, they don't hear it).
    /// Default symmetric.
    pub direction: Option<Direction>,
}
