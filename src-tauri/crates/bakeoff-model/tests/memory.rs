//! An answer of 100 MB costs no memory. Alone in its program, because it looks at the whole process.
#![cfg(target_os = "linux")]

use bakeoff_core::ports::{Model, ModelErrorKind, ModelRequest};
use bakeoff_core::variant::Provider;
use bakeoff_model::{Keys, ModelConfig, Models, SecretStoreError};
use bakeoff_testkit::{MockServer, Reply};
use std::sync::Arc;

/// The most memory that this process has used so far, in MB.
fn peak_mb() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux tells");
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).expect("the peak is told");
    let kb = line.split_whitespace().nth(1).and_then(|number| number.parse::<u64>().ok());
    kb.expect("a number of kB") / 1024
}

#[tokio::test]
async fn a_huge_answer_ends_with_flat_memory() {
    let huge = MockServer::always(Reply::Huge { bytes: 100 * 1024 * 1024 });
    let keys = Keys::new(Err(SecretStoreError::new("no keychain")), |_| None);
    let models = Models::new(ModelConfig::new(Arc::new(keys))).expect("models");
    let request = ModelRequest {
        provider: Provider::OpenaiCompatible,
        model: "m".to_owned(),
        base_url: Some(huge.openai_url()),
        system: None,
        user: "x".to_owned(),
        reasoning_effort: None,
        temperature: None,
        top_p: None,
        max_output_tokens: None,
        stop: Vec::new(),
        pace: None,
        answer_schema: None,
        tools: Arc::default(),
        tool_choice: None,
        turns: Vec::new(),
    };
    let before = peak_mb();
    for _ in 0..3 {
        let error = models.complete(&request).await.expect_err("too large");
        assert_eq!(error.kind, ModelErrorKind::TooLarge);
    }
    let grown = peak_mb() - before;
    println!("peak memory grew by {grown} MB over three answers of 100 MB");
    assert!(grown < 40, "peak memory grew by {grown} MB");
}
