package settings

// shape is how a variable's text becomes a value.
type shape int

const (
	text   shape = iota
	number       // and booleans: anything that YAML reads as such
	words        // a list, separated by spaces, or JSON
	object       // JSON
)

// known is the part of the Agent's settings (pkg/config/setup/config.go) that variables are read for. A variable outside
// of it is no setting, so a handle in it is never resolved. The variable's name is the key's in capitals with the
// flavour's prefix, but for renamed.
var known = map[string]shape{
	"api_key": text, "app_key": text, "site": text, "dd_url": text, "hostname": text, "env": text, "confd_path": text,
	"tags": words, "extra_tags": words, "additional_endpoints": object,
	"proxy.http": text, "proxy.https": text, "proxy.no_proxy": words,
	"logs_config.api_key": text, "logs_config.logs_dd_url": text, "logs_config.additional_endpoints": object,
	"apm_config.additional_endpoints": object, "process_config.additional_endpoints": object,
	"orchestrator_explorer.orchestrator_additional_endpoints": object, "remote_configuration.api_key": text,
	"external_metrics_provider.api_key": text, "external_metrics_provider.app_key": text,
	"prometheus_scrape.checks": object,
	"apm_config.receiver_port": number, "health_port": number, "kubernetes_kubelet_host": text, "kubernetes_kubelet_nodename": text,
	"kubernetes_https_kubelet_port": number, "kubelet_tls_verify": number, "kubelet_client_ca": text,
	"kubelet_auth_token_path": text,
	"cluster_agent.enabled":   number, "cluster_agent.url": text, "cluster_agent.auth_token": text,
	"cluster_agent.kubernetes_service_name": text, "cluster_agent.cmd_port": number,
	"cluster_checks.enabled": number, "extra_config_providers": words, "extra_listeners": words,
	"ad_disable_env_var_resolution": number, "ad_allowed_env_vars": words,
	"secret_backend_command": text, "secret_backend_arguments": words, "secret_backend_timeout": number,
	"secret_backend_output_max_size": number, "secret_backend_skip_checks": number,
	"secret_backend_remove_trailing_line_break": number, "secret_backend_command_allow_group_exec_perm": number,
	"secret_refresh_interval": number, "secret_refresh_scatter": number,
	"secret_scope_integration_to_their_k8s_namespace": number, "secret_allowed_k8s_namespace": words,
	"secret_image_to_handle": object,
}

// renamed are the variables whose names do not follow from the key.
var renamed = map[string]string{
	"apm_config.additional_endpoints":                         "APM_ADDITIONAL_ENDPOINTS",
	"apm_config.receiver_port":                                "APM_RECEIVER_PORT",
	"orchestrator_explorer.orchestrator_additional_endpoints": "ORCHESTRATOR_EXPLORER_ORCHESTRATOR_ADDITIONAL_ENDPOINTS",
}
