package autodiscovery

import (
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sort"
	"strconv"
	"strings"
	"sync"

	"enc-operator.io/e2e/agent/internal/secrets"
)

// Resolution is what became of a configuration, or of a template for one service.
type Resolution struct {
	Config    Config
	Scheduled bool
	Uses      []Use
	Error     string
	ServiceID string
	Source    Source
}

// Runs tells whether a part is scheduled: an instance that did not decrypt is left out of a configuration that is.
func (r Resolution) Runs(part string) bool {
	position, isInstance := strings.CutPrefix(part, "instances/")
	if !r.Scheduled || !isInstance {
		return r.Scheduled
	}
	return slices.ContainsFunc(r.Config.Kept, func(kept int) bool { return strconv.Itoa(kept) == position })
}

type resolutionKey struct{ digest, serviceID string }

// Manager reconciles configurations with services, as reconcilingConfigManager in
// comp/core/autodiscovery/impl/configmgr.go. There is no retry timer: what failed is tried again when its service or
// one of the service's configurations changes, and not before.
type Manager struct {
	resolver    *secrets.Resolver
	environment Environment

	lock     sync.Mutex
	configs  map[string]map[string]Config // provider, digest
	services map[string]map[string]Service

	view    sync.Mutex // the results stay readable while the backend runs
	results map[resolutionKey]Resolution
}

// NewManager returns a Manager that knows nothing yet.
func NewManager(resolver *secrets.Resolver, environment Environment) *Manager {
	return &Manager{
		resolver: resolver, environment: environment, configs: map[string]map[string]Config{},
		services: map[string]map[string]Service{}, results: map[resolutionKey]Resolution{},
	}
}

// SetConfigs tells all the configurations that a provider has now.
func (m *Manager) SetConfigs(provider string, configs []Config) {
	m.lock.Lock()
	defer m.lock.Unlock()
	before, now := m.configs[provider], map[string]Config{}
	var added []string
	for _, config := range configs {
		digest := config.Digest()
		if _, known := before[digest]; !known && !slices.Contains(added, digest) {
			added = append(added, digest)
		}
		now[digest] = config
	}
	m.configs[provider] = now
	for _, digest := range sortedNames(before) {
		if _, kept := now[digest]; !kept {
			m.remove(digest, before[digest])
		}
	}
	for _, digest := range added {
		m.add(digest, now[digest])
	}
}

// SetServices tells all the services that a listener sees now.
func (m *Manager) SetServices(listener string, services []Service) {
	m.lock.Lock()
	defer m.lock.Unlock()
	before, now := m.services[listener], map[string]Service{}
	for _, service := range services {
		now[service.ID] = service
	}
	m.services[listener] = now
	for id, service := range before {
		if after, kept := now[id]; !kept || !service.equal(after) {
			m.drop(func(key resolutionKey) bool { return key.serviceID == id })
		}
	}
	for _, id := range sortedNames(now) {
		if earlier, known := before[id]; !known || !earlier.equal(now[id]) {
			m.reconcile(now[id])
		}
	}
}

// Reload unschedules and adds again the configurations that use a changed secret.
func (m *Manager) Reload(origins []string) {
	m.lock.Lock()
	defer m.lock.Unlock()
	for _, byDigest := range m.configs {
		for _, digest := range sortedNames(byDigest) {
			if slices.Contains(origins, digest) {
				m.forget(digest)
				m.add(digest, byDigest[digest])
			}
		}
	}
}

// Resolutions lists what became of everything, in a stable order.
func (m *Manager) Resolutions() []Resolution {
	m.view.Lock()
	defer m.view.Unlock()
	keys := make([]resolutionKey, 0, len(m.results))
	for key := range m.results {
		keys = append(keys, key)
	}
	sort.Slice(keys, func(i, j int) bool {
		return keys[i].serviceID+"\x00"+keys[i].digest < keys[j].serviceID+"\x00"+keys[j].digest
	})
	all := make([]Resolution, 0, len(keys))
	for _, key := range keys {
		all = append(all, m.results[key])
	}
	return all
}

func (m *Manager) add(digest string, config Config) {
	if !config.IsTemplate() {
		m.schedulePlain(digest, config)
		return
	}
	for _, service := range m.matching(config) {
		m.reconcile(service)
	}
}

func (m *Manager) forget(digest string) {
	m.resolver.RemoveOrigin(digest)
	m.drop(func(key resolutionKey) bool { return key.digest == digest })
}

func (m *Manager) remove(digest string, config Config) {
	m.forget(digest)
	for _, service := range m.matching(config) {
		m.reconcile(service)
	}
}

func (m *Manager) matching(config Config) []Service {
	var found []Service
	for _, services := range m.services {
		for _, id := range sortedNames(services) {
			if overlap(config.ADIdentifiers, services[id].Identifiers) {
				found = append(found, services[id])
			}
		}
	}
	return found
}

func overlap(a, b []string) bool {
	return slices.ContainsFunc(a, func(one string) bool { return slices.Contains(b, one) })
}

func (m *Manager) drop(which func(resolutionKey) bool) {
	m.view.Lock()
	defer m.view.Unlock()
	maps.DeleteFunc(m.results, func(key resolutionKey, _ Resolution) bool { return which(key) })
}

func (m *Manager) keep(key resolutionKey, result Resolution) {
	m.view.Lock()
	defer m.view.Unlock()
	m.results[key] = result
}

// reconcile tries every template for a service that is not scheduled for it yet, failed ones included.
func (m *Manager) reconcile(service Service) {
	for provider, byDigest := range m.configs {
		for _, digest := range sortedNames(byDigest) {
			template := byDigest[digest]
			key := resolutionKey{digest, service.ID}
			done := m.results[key].Scheduled
			if done || !overlap(template.ADIdentifiers, service.Identifiers) || service.drops(provider, template) {
				continue
			}
			m.keep(key, m.forService(digest, template, service))
		}
	}
}

// drops tells whether annotations switch a file's template off: by an empty list of check names, or by a check of the
// same name.
func (s Service) drops(provider string, template Config) bool {
	if provider != FromFile || s.CheckNames == nil {
		return false
	}
	empty := len(s.CheckNames) == 0 || (len(s.CheckNames) == 1 && s.CheckNames[0] == "")
	return empty || slices.Contains(s.CheckNames, template.Name)
}

func (m *Manager) forService(digest string, template Config, service Service) Resolution {
	result := Resolution{Config: template, ServiceID: service.ID, Source: template.matchedBy(service)}
	config, err := instantiate(template, &service, m.environment)
	if err != nil {
		result.Error = fmt.Sprintf("error resolving template %s for service %s: %v", template.Name, service.ID, err)
		slog.Error("autodiscovery: skipping config", "error", result.Error)
		return result
	}
	by := secrets.Asker{Origin: digest, Image: service.Image, Namespace: service.Extra["namespace"]}
	config, result.Uses, err = decrypt(config, m.resolver, by)
	if err != nil {
		result.Error = fmt.Sprintf("error decrypting secrets in config %s for service %s: %v", config.Name, service.ID, err)
		slog.Error("autodiscovery: dropping config", "error", result.Error)
		return result
	}
	result.Config, result.Scheduled = config, true
	return result
}

// matchedBy adds to a file's or dispatched template's source which service it was matched with.
func (c Config) matchedBy(service Service) Source {
	source := c.Source
	if source.Namespace == "" {
		source.Namespace, source.Name = service.Source.Namespace, service.Source.Name
	}
	if source.UID == "" {
		source.UID, source.Container = service.Source.UID, service.Source.Container
	}
	return source
}

// schedulePlain resolves a configuration that is no template. Its instances that resolve are scheduled without the
// others; it is not asked whether it is meant for the cluster.
func (m *Manager) schedulePlain(digest string, config Config) {
	decrypted, uses, err := decrypt(config, m.resolver, secrets.Asker{Origin: digest})
	result := Resolution{Config: decrypted, Uses: uses, Source: config.Source, Scheduled: true}
	if err != nil {
		result.Scheduled = len(decrypted.Instances) > 0
		result.Error = fmt.Sprintf("Unable to resolve secrets for config '%s', dropping check configuration, err: %s",
			config.Name, err)
		if result.Scheduled {
			result.Error = fmt.Sprintf("Unable to resolve secrets for some instances of config '%s', dropping instances "+
				"that failed to decrypt, err: %s", config.Name, err)
		}
		slog.Error("autodiscovery", "error", result.Error)
	}
	m.keep(resolutionKey{digest, ""}, result)
}
