//! Model servers on this machine.

use bakeoff_core::variant::Provider;
use bakeoff_model::{LocalAddresses, local_servers};
use bakeoff_testkit::{MockServer, Reply};

const NOBODY: &str = "http://127.0.0.1:1";

#[tokio::test]
async fn running_servers_are_found_with_their_models() {
    let (ollama, studio) = (MockServer::start(), MockServer::start());
    let found = local_servers(&LocalAddresses { ollama: ollama.url(), lm_studio: studio.openai_url() }).await;
    let told: Vec<_> =
        found.iter().map(|server| (server.name, server.provider, server.models.len())).collect();
    assert_eq!(told, [("Ollama", Provider::Ollama, 2), ("LM Studio", Provider::OpenaiCompatible, 2)]);
    assert_eq!(found[0].models, ["mock-large:latest", "mock-small:latest"]);
    assert_eq!(found[1].base_url, studio.openai_url());
}

#[tokio::test]
async fn servers_that_are_not_there_or_not_what_they_seem_are_left_out() {
    let web = MockServer::always(Reply::html());
    let none = LocalAddresses { ollama: NOBODY.to_owned(), lm_studio: format!("{}/nothing/api", web.url()) };
    let found = local_servers(&none).await;
    assert!(found.iter().all(|server| server.name != "Ollama"), "{found:?}");
    let outside = LocalAddresses {
        ollama: "http://192.0.2.1:11434".into(),
        lm_studio: "http://example.test/v1".into(),
    };
    assert_eq!(local_servers(&outside).await, []);
}
