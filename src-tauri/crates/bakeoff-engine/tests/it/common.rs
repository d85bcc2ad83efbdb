//! What the engine's tests share: a small world of cases, variants and a scripted model.

use bakeoff_core::dataset::Case;
use bakeoff_core::outcome::Outcome;
use bakeoff_core::ports::{Model, Runner};
use bakeoff_core::price::Price;
use bakeoff_core::scorer::{Scorer, ScorerKind};
use bakeoff_core::trial::TrialKey;
use bakeoff_core::variant::{Provider, Variant};
use bakeoff_engine::{EngineEvent, Ports, ProviderLimits, RunEnd, RunHandle, RunSpec, StartError};
use bakeoff_testkit::{FakeModel, FakeRun, FakeRunner, FakeSubjects, MemoryLabLog, MemoryLog, TokioClock};
use serde_json::Map;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

pub fn variant(name: &str, provider: Provider) -> Variant {
    Variant {
        name: name.to_owned(),
        description: None,
        provider,
        model: format!("model-{name}"),
        base_url: None,
        system_prompt: Some("Answer with a label.".to_owned()),
        prompt: None,
        reasoning_effort: None,
        temperature: None,
        top_p: None,
        max_output_tokens: None,
        stop: Vec::new(),
        tools_config: BTreeMap::new(),
        config_overrides: BTreeMap::new(),
        tags: Vec::new(),
        pace_ms: None,
        workflow: None,
    }
}

pub fn cases(count: u32) -> Arc<[Case]> {
    let case = |number| Case {
        id: format!("case-{number}").into(),
        json: serde_json::value::to_raw_value(
            &serde_json::json!({"input": format!("ticket {number}"), "expected": "yes"}),
        )
        .unwrap(),
    };
    (0..count).map(case).collect()
}

pub fn exact() -> Scorer {
    let kind = ScorerKind::Exact { value: "{{ expected }}".to_owned() };
    Scorer { kind, metric: "exact".to_owned(), weight: 1.0, output: None }
}

pub fn rubric() -> Scorer {
    let kind = ScorerKind::Rubric {
        provider: Provider::Anthropic,
        model: "judge".to_owned(),
        base_url: None,
        criterion: "is polite".to_owned(),
        threshold: 0.5,
    };
    Scorer { kind, metric: "polite".to_owned(), weight: 1.0, output: None }
}

/// All trials of `cases` × `variants`, case by case.
pub fn plan(cases: u32, variants: u16) -> Vec<TrialKey> {
    let of_case = |case| (0..variants).map(move |variant| TrialKey { case, variant, repetition: 0 });
    (0..cases).flat_map(of_case).collect()
}

/// A run with its fakes. Prices: 1 USD per million input tokens, 10 per million output tokens.
pub struct World {
    pub spec: RunSpec,
    pub model: Arc<FakeModel>,
    pub runner: Arc<FakeRunner>,
    pub subjects: Option<Arc<FakeSubjects>>,
    pub lab_log: Option<Arc<MemoryLabLog>>,
    pub log: Arc<MemoryLog>,
    pub limits: BTreeMap<Provider, ProviderLimits>,
    pub price: Option<Price>,
    pub events: Arc<Mutex<Vec<EngineEvent>>>,
}

impl World {
    /// `trials` cases, one OpenAI variant, an exact scorer, 4 parallel.
    pub fn new(trials: u32, model: FakeModel) -> Self {
        let spec = RunSpec {
            trials: plan(trials, 1),
            cases: Arc::new(cases(trials)),
            variants: Arc::from([variant("a", Provider::Openai)]),
            workflow: None,
            inputs: Map::new(),
            scorers: vec![exact()],
            pass_threshold: 1.0,
            parallel: 4,
            timeout: Duration::from_secs(30),
            retries: 3,
            cooldown: Duration::ZERO,
            budget_usd: None,
            spent_usd: 0.0,
            seed: 42,
            lab: None,
            triage: false,
        };
        Self {
            spec,
            model: Arc::new(model),
            runner: Arc::new(FakeRunner::new(|_, _| FakeRun::output(serde_json::json!({})))),
            subjects: None,
            lab_log: None,
            log: Arc::new(MemoryLog::new()),
            limits: BTreeMap::new(),
            price: Some(Price { input: 1.0, cached_input: None, output: 10.0 }),
            events: Arc::default(),
        }
    }

    pub fn variants(mut self, variants: Vec<Variant>) -> Self {
        let cases = self.spec.trials.iter().map(|key| key.case + 1).max().unwrap_or(0);
        self.spec.trials = plan(cases, u16::try_from(variants.len()).unwrap());
        self.spec.variants = variants.into();
        self
    }

    pub fn start(&self) -> RunHandle {
        self.try_start().unwrap()
    }

    pub fn try_start(&self) -> Result<RunHandle, StartError> {
        let price = self.price;
        let ports = Ports {
            model: Arc::clone(&self.model) as Arc<dyn Model>,
            runner: Arc::clone(&self.runner) as Arc<dyn Runner>,
            subjects: self.subjects.clone().map(|subjects| subjects as _),
            operator: None,
            lab_log: self.lab_log.clone().map(|log| log as _),
            log: Arc::clone(&self.log) as _,
            clock: Arc::new(TokioClock::starting_at(1_000_000)),
            prices: Arc::new(move |_, _| price),
            limits: self.limits.clone(),
        };
        let events = Arc::clone(&self.events);
        bakeoff_engine::start(self.spec.clone(), ports, move |event| events.lock().unwrap().push(event))
    }

    pub async fn run(&self) -> RunEnd {
        self.start().wait().await
    }

    pub fn outcomes(&self) -> Vec<Outcome> {
        let mut records = self.log.records();
        records.sort_by_key(|record| record.key);
        records.iter().map(|record| record.outcome).collect()
    }

    pub fn events(&self) -> Vec<EngineEvent> {
        self.events.lock().unwrap().clone()
    }

    pub fn warnings(&self) -> Vec<String> {
        let events = self.events();
        events
            .into_iter()
            .filter_map(|event| match event {
                EngineEvent::Warning { message } => Some(message),
                _ => None,
            })
            .collect()
    }

    /// Waits until `condition` holds, letting paused time stand still.
    pub async fn until(&self, condition: impl Fn(&Self) -> bool) {
        for _ in 0..100_000 {
            if condition(self) {
                return;
            }
            tokio::task::yield_now().await;
        }
        panic!("the condition did not come true");
    }
}
