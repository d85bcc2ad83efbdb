//! Adding up what the nodes of a workflow took.

use bakeoff_core::trial::Step;

/// A sum over the runs of a node for which a number is known.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Known {
    sum: f64,
    n: u32,
}

impl Known {
    fn add(&mut self, value: Option<f64>) {
        if let Some(value) = value {
            self.sum += value;
            self.n += 1;
        }
    }

    /// The mean, if there is any value, and over how many.
    pub fn mean(&self) -> (Option<f64>, u32) {
        ((self.n > 0).then(|| self.sum / f64::from(self.n)), self.n)
    }
}

/// What one node took with one variant.
#[derive(Debug, Clone, PartialEq)]
pub struct NodeUse {
    /// The node's id.
    pub node: String,
    /// The variant's name.
    pub variant: String,
    /// How often it ran, failed runs included.
    pub runs: u32,
    /// How many of them failed.
    pub failed: u32,
    /// The model's own time of a run, ms.
    pub latency_ms: Known,
    /// Tokens of a run's calls.
    pub tokens: Known,
    /// USD of a run's calls.
    pub cost_usd: Known,
}

/// Adds the steps of a trial to what is known: one entry a node and variant, in the order in which they first appear.
pub fn add_steps(nodes: &mut Vec<NodeUse>, variant: &str, steps: &[Step]) {
    for step in steps {
        let known = nodes.iter().position(|one| one.node == step.node && one.variant == variant);
        let place = known.unwrap_or_else(|| {
            nodes.push(NodeUse {
                node: step.node.clone(),
                variant: variant.to_owned(),
                runs: 0,
                failed: 0,
                latency_ms: Known::default(),
                tokens: Known::default(),
                cost_usd: Known::default(),
            });
            nodes.len() - 1
        });
        let Some(one) = nodes.get_mut(place) else { continue };
        one.runs += 1;
        one.failed += u32::from(step.error.is_some());
        one.latency_ms.add(step.latency_ms);
        one.tokens.add(step.usage.total_tokens().map(|tokens| tokens as f64));
        one.cost_usd.add(step.cost_usd);
    }
}
