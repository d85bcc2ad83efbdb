//! Asking a model for the class of commands that the rules don't know. What it says is kept, so that nothing is asked
//! twice.

use crate::command_classes::identity;
use crate::dto::{Classified, ClassifierSettings, ServiceError};
use crate::error::Result;
use crate::service::Service;
use bakeoff_core::lab::classify::by_model::{
    LONGEST, ModelClass, QUESTION, Question, answers, batches, question,
};
use bakeoff_core::lab::known_class;
use bakeoff_core::ports::{Model, ModelRequest};
use bakeoff_core::price::Price;
use bakeoff_core::trial::Usage;
use bakeoff_core::variant::Provider;
use bakeoff_store::KeptClass;
use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;
use std::time::Duration;

/// How often one question is sent, when the provider is busy or the answer can't be used.
const ATTEMPTS: u32 = 3;
/// The longest that one answer may take.
const LIMIT: Duration = Duration::from_secs(180);
/// The longest wait between two attempts, whatever the provider asks for.
const LONGEST_WAIT: Duration = Duration::from_secs(30);
/// Tokens of an answer, at most: a sentence for each of the commands, and room to think.
const ANSWER_TOKENS: u32 = 8_192;

impl Service {
    /// Asks the model of the settings about the commands of a run (`12`, `#12`) or of a campaign's finished runs that neither
    /// the rules nor an earlier answer of that model know. When it can't go on, what it said so far is kept, and
    /// `problem` says why.
    ///
    /// # Errors
    /// When no model is set or it has no key, and when there is no such fault campaign.
    pub fn classify_commands(&self, target: &str) -> Result<Classified> {
        let found = self.fault_pool(target)?;
        let classifier = self.classifier()?;
        let mut unknown: BTreeSet<String> = BTreeSet::new();
        for run in &found.pool.runs {
            let rows = self.store().run_commands(*run)?;
            unknown.extend(rows.into_iter().map(|row| row.line).filter(|line| known_class(line).is_none()));
        }
        let known: HashSet<String> = self
            .store()
            .command_classes(QUESTION)?
            .into_iter()
            .filter(|kept| kept.provider == classifier.provider && kept.model == classifier.model)
            .map(|kept| kept.command)
            .collect();
        let unasked: Vec<&str> =
            unknown.iter().map(String::as_str).filter(|line| !known.contains(&identity(line))).collect();
        let (wanted, too_long): (Vec<&str>, Vec<&str>) =
            unasked.iter().partition(|line| line.chars().count() <= LONGEST);
        let mut asking = Asking {
            service: self,
            price: self.price_list().price(classifier.provider, &classifier.model),
            cap_usd: self.current_settings().spend_cap_usd,
            told: Classified {
                provider: classifier.provider,
                model: classifier.model.clone(),
                known: (unknown.len() - unasked.len()) as u32,
                asked: 0,
                classified: 0,
                too_long: too_long.len() as u32,
                calls: 0,
                usage: Usage::default(),
                cost_usd: Some(0.0),
                problem: None,
            },
            classifier,
        };
        for batch in batches(&wanted) {
            if let Err(problem) = asking.ask(&batch)? {
                asking.told.problem = Some(problem);
                break;
            }
        }
        Ok(asking.told)
    }

    fn classifier(&self) -> Result<ClassifierSettings> {
        let Some(classifier) = self.current_settings().classifier else {
            return Err(ServiceError::bad_input("no model is set for the class of commands").with_hint(format!(
                "choose one in Settings, or write \"classifier\": {{\"provider\": \"anthropic\", \"model\": \"…\"}} into {}; \
                 until then such commands stay unclassified",
                crate::settings::path_in(self.config_folder()).display()
            )));
        };
        if let Some(finding) = self.missing_key(classifier.provider) {
            let hint = finding.hint.clone().unwrap_or_default();
            return Err(ServiceError::unavailable(finding.message).with_hint(hint));
        }
        Ok(classifier)
    }
}

/// What is asked, and what became of it so far.
struct Asking<'a> {
    service: &'a Service,
    classifier: ClassifierSettings,
    price: Option<Price>,
    cap_usd: Option<f64>,
    told: Classified,
}

impl Asking<'_> {
    /// Asks about some commands and keeps the answer. The inner error says why nothing more should be asked.
    fn ask(&mut self, batch: &[&str]) -> Result<std::result::Result<(), String>> {
        let question = question(batch);
        self.told.asked += batch.len() as u32;
        let said = match self.answer(question, batch.len())? {
            Ok(said) => said,
            Err(problem) => return Ok(Err(problem)),
        };
        let at = self.service.now();
        let kept: Vec<KeptClass> = batch
            .iter()
            .zip(said)
            .filter_map(|(line, said)| {
                let ModelClass { class, reason } = said?;
                Some(KeptClass {
                    command: identity(line),
                    provider: self.classifier.provider,
                    model: self.classifier.model.clone(),
                    question: QUESTION,
                    class,
                    reason,
                    at,
                })
            })
            .collect();
        self.told.classified += kept.len() as u32;
        self.service.wait(self.service.store().keep_command_classes(kept))?;
        Ok(Ok(()))
    }

    fn answer(
        &mut self,
        question: Question,
        asked: usize,
    ) -> Result<std::result::Result<Vec<Option<ModelClass>>, String>> {
        let request = self.request(question);
        let models = self.service.models()?;
        let mut problem = String::new();
        let mut wait = Duration::ZERO;
        for attempt in 1..=ATTEMPTS {
            if let Some(refusal) = self.over_the_cap(&request) {
                return Ok(Err(refusal));
            }
            let call = async {
                tokio::time::sleep(wait).await;
                tokio::time::timeout(LIMIT, models.complete(&request)).await
            };
            let answer = self.service.handle().block_on(call);
            self.told.calls += 1;
            wait = Duration::from_secs(u64::from(attempt));
            match answer {
                Err(_) => {
                    // It may be charged for all the same.
                    self.told.cost_usd = None;
                    problem = format!("it did not answer within {} s", LIMIT.as_secs());
                }
                Ok(Err(error)) => {
                    self.count(&error.usage, error.usage == Usage::default());
                    problem = error.message.clone();
                    if !error.kind.is_transient() {
                        break;
                    }
                    wait = error.retry_after.unwrap_or(wait).min(LONGEST_WAIT);
                }
                Ok(Ok(answer)) => {
                    self.count(&answer.usage, false);
                    match answers(&answer.text, asked) {
                        Ok(said) => return Ok(Ok(said)),
                        Err(message) => (problem, wait) = (message, Duration::ZERO),
                    }
                }
            }
        }
        Ok(Err(format!("{} could not be asked: {problem}", self.classifier.model)))
    }

    fn request(&self, question: Question) -> ModelRequest {
        ModelRequest {
            provider: self.classifier.provider,
            model: self.classifier.model.clone(),
            base_url: self.classifier.base_url.clone(),
            system: Some(question.system),
            user: question.user,
            reasoning_effort: None,
            temperature: None,
            top_p: None,
            max_output_tokens: Some(ANSWER_TOKENS),
            stop: Vec::new(),
            pace: None,
            answer_schema: Some(Arc::new(question.schema)),
            tools: Arc::default(),
            tool_choice: None,
            turns: Vec::new(),
        }
    }

    /// Counts what a call used; nothing is known of the cost of one whose tokens or price are not.
    fn count(&mut self, usage: &Usage, was_free: bool) {
        self.told.usage = self.told.usage.plus(*usage);
        if was_free {
            return;
        }
        let cost = self.price.and_then(|price| price.cost_usd(usage));
        self.told.cost_usd = self.told.cost_usd.zip(cost).map(|(sum, cost)| sum + cost);
    }

    /// Why the next call is not made: with it more than the spend cap of the settings might be spent. What has no known price
    /// can't be held to a cap.
    fn over_the_cap(&self, request: &ModelRequest) -> Option<String> {
        let (cap, spent) = (self.cap_usd?, self.told.cost_usd?);
        let characters = request.system.as_deref().unwrap_or_default().len() + request.user.len();
        let most = Usage {
            input_tokens: Some(characters as u64 / 3),
            cached_input_tokens: None,
            output_tokens: Some(u64::from(ANSWER_TOKENS)),
        };
        let next = self.price?.cost_usd(&most)?;
        (spent + next > cap).then(|| {
            format!(
                "the next call may cost {next:.4} USD, and with the {spent:.4} USD so far that is over the spend cap of {cap} USD \
                 in Settings"
            )
        })
    }
}

/// Whether a provider's models can tell the class of a command. The built-in one is no language model.
pub(crate) fn can_classify(provider: Provider) -> bool {
    provider != Provider::Builtin
}
