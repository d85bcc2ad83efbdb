//! Making a project: networks, volumes, the keeper, the nodes.

use super::{KEEPER_ROOT, Node, Project};
use crate::docker::compose::{HealthCheck, Service, Volume};
use crate::docker::container::restart_policy;
use crate::docker::error::{DockerError, Doing};
use crate::docker::labels;
use bollard::models::{
    ContainerCreateBody, EndpointIpamConfig, EndpointSettings, HealthConfig, HostConfig, Ipam, IpamConfig,
    Mount, MountType, NetworkConnectRequest, NetworkCreateRequest, NetworkingConfig, PortBinding,
    ResourcesUlimits, VolumeCreateRequest,
};
use bollard::query_parameters::InspectNetworkOptions;
use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

impl Project {
    pub(super) async fn make(&mut self) -> Result<(), DockerError> {
        let base = self.make_inner_network().await?;
        if self.blueprint.services.iter().any(|service| !service.ports.is_empty()) {
            self.make_outer_network().await?;
        }
        for (name, volume) in &self.blueprint.volumes {
            self.make_volume(name, *volume).await?;
        }
        self.make_keeper().await?;
        let services: Vec<Service> = self.blueprint.in_start_order().into_iter().cloned().collect();
        for (index, service) in (0_u8..).zip(&self.blueprint.services) {
            let [a, b, c, _] = base.octets();
            let address = IpAddr::V4(Ipv4Addr::new(a, b, c, 11 + index));
            let container = format!("{}-{}-1", self.identity.name, service.name);
            self.nodes.push(Node { service: service.name.clone(), container, address });
        }
        for service in &services {
            for dependency in &service.depends_on {
                self.wait_service(&dependency.service, dependency.condition, Duration::from_secs(120))
                    .await?;
            }
            self.make_node(service).await?;
        }
        Ok(())
    }

    /// The internal network. Docker chooses a subnet that nothing else uses; the network is then made again with that
    /// subnet said aloud, because only then containers may have fixed addresses.
    async fn make_inner_network(&self) -> Result<Ipv4Addr, DockerError> {
        let doing = || format!("make the network {}", self.network);
        let request = |subnet: Option<String>| NetworkCreateRequest {
            name: self.network.clone(),
            driver: Some("bridge".to_owned()),
            internal: Some(true),
            labels: Some(labels::labels(&self.identity, "network")),
            ipam: subnet.map(|subnet| Ipam {
                config: Some(vec![IpamConfig { subnet: Some(subnet), ..Default::default() }]),
                ..Default::default()
            }),
            ..Default::default()
        };
        // Another project may take the subnet in between: then Docker is asked for another one.
        for attempt in 0..5 {
            self.engine.docker.create_network(request(None)).await.doing(doing)?;
            let options = None::<InspectNetworkOptions>;
            let made = self.engine.docker.inspect_network(&self.network, options).await.doing(doing)?;
            self.engine.docker.remove_network(&self.network).await.doing(doing)?;
            let subnet =
                made.ipam.and_then(|ipam| ipam.config).into_iter().flatten().find_map(|config| config.subnet);
            let base =
                subnet.as_deref().and_then(|subnet| subnet.split('/').next()?.parse::<Ipv4Addr>().ok());
            let (Some(subnet), Some(base)) = (subnet, base) else {
                return Err(DockerError::failed(doing(), "Docker gave it no IPv4 subnet"));
            };
            match self.engine.docker.create_network(request(Some(subnet))).await.doing(doing) {
                Ok(_) => return Ok(base),
                Err(error) if attempt == 4 => return Err(error),
                Err(_) => {}
            }
        }
        Err(DockerError::failed(doing(), "no subnet is free"))
    }

    async fn make_outer_network(&self) -> Result<(), DockerError> {
        let option = |key: &str| (format!("com.docker.network.bridge.{key}"), "false".to_owned());
        let request = NetworkCreateRequest {
            name: self.outer_network(),
            driver: Some("bridge".to_owned()),
            options: Some(HashMap::from([option("enable_icc"), option("enable_ip_masquerade")])),
            labels: Some(labels::labels(&self.identity, "network")),
            ..Default::default()
        };
        let made = self.engine.docker.create_network(request).await;
        made.doing(|| format!("make the network {}", self.outer_network())).map(drop)
    }

    pub(super) fn outer_network(&self) -> String {
        format!("{}_ports", self.identity.name)
    }

    pub(super) fn volume_name(&self, volume: &str) -> String {
        format!("{}_{volume}", self.identity.name)
    }

    async fn make_volume(&self, name: &str, volume: Volume) -> Result<(), DockerError> {
        let options = match volume {
            Volume::Disk => HashMap::new(),
            Volume::Memory { size_bytes } => HashMap::from([
                ("type".to_owned(), "tmpfs".to_owned()),
                ("device".to_owned(), "tmpfs".to_owned()),
                ("o".to_owned(), format!("size={size_bytes},mode=0777")),
            ]),
        };
        let request = VolumeCreateRequest {
            name: Some(self.volume_name(name)),
            driver: Some("local".to_owned()),
            driver_opts: Some(options),
            labels: Some(labels::labels(&self.identity, "volume")),
            ..Default::default()
        };
        self.engine.docker.create_volume(request).await.doing(|| format!("make the volume {name}")).map(drop)
    }

    /// A tmpfs volume lives as long as some container mounts it: the keeper is that container.
    async fn make_keeper(&self) -> Result<(), DockerError> {
        let in_memory =
            self.blueprint.volumes.iter().filter(|(_, volume)| matches!(volume, Volume::Memory { .. }));
        let mounts: Vec<Mount> =
            in_memory.map(|(name, _)| self.mount(name, &format!("{KEEPER_ROOT}/{name}"), false)).collect();
        if mounts.is_empty() {
            return Ok(());
        }
        let body = ContainerCreateBody {
            image: Some(self.tools_image.clone()),
            entrypoint: Some(vec!["sleep".to_owned()]),
            cmd: Some(vec!["infinity".to_owned()]),
            user: Some("0:0".to_owned()),
            labels: Some(labels::labels(&self.identity, "keeper")),
            host_config: Some(HostConfig {
                init: Some(true),
                network_mode: Some("none".to_owned()),
                mounts: Some(mounts),
                ..Default::default()
            }),
            ..Default::default()
        };
        self.create(&self.keeper(), body).await?;
        self.engine.start(&self.keeper()).await.map(drop)
    }

    fn mount(&self, volume: &str, path: &str, read_only: bool) -> Mount {
        Mount {
            typ: Some(MountType::VOLUME),
            source: Some(self.volume_name(volume)),
            target: Some(path.to_owned()),
            read_only: Some(read_only),
            ..Default::default()
        }
    }

    async fn make_node(&self, service: &Service) -> Result<(), DockerError> {
        let node = self.node(&service.name)?;
        let mut labels = labels::labels(&self.identity, "node");
        labels.insert(labels::SERVICE.to_owned(), service.name.clone());
        let port = |port: &u16| format!("{port}/tcp");
        let endpoint = EndpointSettings {
            aliases: Some(vec![service.name.clone()]),
            ipam_config: Some(EndpointIpamConfig {
                ipv4_address: Some(node.address.to_string()),
                ..Default::default()
            }),
            ..Default::default()
        };
        let body = ContainerCreateBody {
            image: Some(service.image.clone()),
            hostname: Some(service.name.clone()),
            entrypoint: service.entrypoint.clone(),
            cmd: service.command.clone(),
            env: Some(service.environment.clone()),
            user: service.user.clone(),
            working_dir: service.working_dir.clone(),
            stop_signal: service.stop_signal.clone(),
            healthcheck: service.healthcheck.as_ref().map(health_config),
            exposed_ports: Some(service.ports.iter().map(port).collect()),
            labels: Some(labels),
            host_config: Some(self.host_config(service)?),
            networking_config: Some(NetworkingConfig {
                endpoints_config: Some(HashMap::from([(self.network.clone(), endpoint)])),
            }),
            ..Default::default()
        };
        self.create(&node.container, body).await?;
        if !service.ports.is_empty() {
            // Daemons before API 1.44 take one network when a container is made.
            let request = NetworkConnectRequest { container: node.container.clone(), ..Default::default() };
            let connected = self.engine.docker.connect_network(&self.outer_network(), request).await;
            connected.doing(|| format!("connect {} to its ports", service.name))?;
        }
        self.engine.start(&node.container).await.map(drop)
    }

    fn host_config(&self, service: &Service) -> Result<HostConfig, DockerError> {
        let binding = PortBinding { host_ip: Some("127.0.0.1".to_owned()), host_port: Some("0".to_owned()) };
        let bindings = service.ports.iter().map(|port| (format!("{port}/tcp"), Some(vec![binding.clone()])));
        let ulimits = service.ulimits.iter().map(|(name, (soft, hard))| ResourcesUlimits {
            name: Some(name.clone()),
            soft: Some(*soft),
            hard: Some(*hard),
        });
        let tmpfs: HashMap<String, String> = service.tmpfs.clone().into_iter().collect();
        let some = |list: &Vec<String>| (!list.is_empty()).then(|| list.clone());
        Ok(HostConfig {
            // The service is a child of Docker's small init, so that it can be killed without Docker taking that for
            // the user's wish.
            init: Some(true),
            network_mode: Some(self.network.clone()),
            extra_hosts: Some(self.hosts()),
            cap_add: some(&service.cap_add),
            cap_drop: some(&service.cap_drop),
            memory: service.memory_bytes,
            memory_swap: service.memory_bytes,
            nano_cpus: service.nano_cpus,
            restart_policy: Some(restart_policy(&service.restart)?),
            port_bindings: Some(bindings.collect()),
            ulimits: Some(ulimits.collect()),
            tmpfs: (!tmpfs.is_empty()).then_some(tmpfs),
            mounts: Some(
                service
                    .volumes
                    .iter()
                    .map(|mount| self.mount(&mount.volume, &mount.path, mount.read_only))
                    .collect(),
            ),
            ..Default::default()
        })
    }
}

fn health_config(check: &HealthCheck) -> HealthConfig {
    let nanoseconds = |time: Option<Duration>| time.and_then(|time| i64::try_from(time.as_nanos()).ok());
    HealthConfig {
        test: Some(check.test.clone()),
        interval: nanoseconds(check.interval),
        timeout: nanoseconds(check.timeout),
        retries: check.retries,
        start_period: nanoseconds(check.start_period),
        ..Default::default()
    }
}
