//! Embeds the front end and the capabilities when the window is built; nothing otherwise.

fn main() {
    #[cfg(feature = "desktop")]
    {
        let attributes =
            tauri_build::Attributes::new().capabilities_path_pattern("./src-tauri/capabilities/**/*");
        if let Err(error) = tauri_build::try_build(attributes) {
            println!("cargo::error={error:#}");
        }
    }
}
