//! Embeds the front end and the capabilities when the window is built; nothing otherwise.

fn main() {
    #[cfg(feature = "desktop")]
    {
        // The front end is embedded: a new build of it needs a new build of the program.
        println!("cargo::rerun-if-changed=ui/dist");
        let attributes =
            tauri_build::Attributes::new().capabilities_path_pattern("./src-tauri/capabilities/**/*");
        if let Err(error) = tauri_build::try_build(attributes) {
            println!("cargo::error={error:#}");
        }
    }
}
