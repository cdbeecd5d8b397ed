package secrets

import (
	"fmt"
	"slices"
	"strings"
)

// secretNamespace reads the namespace that the Agent's scoping sees in a handle: of `k8s_secret@NS/…`, else of any
// handle with a semicolon, whichever backend it is meant for. Empty: scoping by namespace does not apply.
func secretNamespace(handle string) string {
	if rest, found := strings.CutPrefix(handle, "k8s_secret@"); found {
		if namespace, _, _ := strings.Cut(rest, "/"); namespace != "" {
			return namespace
		}
	}
	head, _, found := strings.Cut(handle, ";")
	if !found {
		return ""
	}
	namespace, _, _ := strings.Cut(head, "/")
	return namespace
}

// denied explains why a handle may not be resolved for an asker, empty when it may: shouldResolvedSecret in
// comp/core/secrets/impl/secrets.go. A denied handle stays literal, without an error.
func (r *Resolver) denied(handle string, by Asker) string {
	namespace := secretNamespace(handle)
	if namespace != "" && by.Namespace != "" {
		if r.settings.ScopeToNamespace && by.Namespace != namespace {
			return fmt.Sprintf("'%s' from integration '%s': image '%s' from k8s namespace '%s' can't access secrets from other"+
				" namespaces as per 'secret_scope_integration_to_their_k8s_namespace'", handle, by.Origin, by.Image, by.Namespace)
		}
		if allowed := r.settings.AllowedNamespaces; len(allowed) > 0 && !slices.Contains(allowed, namespace) {
			return fmt.Sprintf("'%s' from integration '%s': image '%s' from k8s namespace '%s' can't access secrets from"+
				" namespace '%s' as per 'secret_allowed_k8s_namespace'", handle, by.Origin, by.Image, by.Namespace, namespace)
		}
	}
	if images := r.settings.ImageToHandle; len(images) > 0 && by.Image != "" && !slices.Contains(images[by.Image], handle) {
		return fmt.Sprintf("'%s' from integration '%s': image '%s' can't access it as per 'secret_image_to_handle'",
			handle, by.Origin, by.Image)
	}
	return ""
}
