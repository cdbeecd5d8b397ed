package secrets

import (
	"fmt"
	"os"
	"os/user"
	"strconv"
	"syscall"
)

const (
	groupAll   = 0o070
	groupWrite = 0o020
	othersAll  = 0o007
	executable = 0o1
)

// checkRights refuses an executable that others may touch: comp/core/secrets/impl/check_rights_nix.go. The message is
// the Agent's own, for tests compare it.
func checkRights(path string, allowGroupExec bool) error {
	var stat syscall.Stat_t
	if err := syscall.Stat(path, &stat); err != nil {
		return fmt.Errorf("invalid executable '%s': can't stat it: %s", path, err)
	}
	switch {
	case allowGroupExec && stat.Mode&(groupWrite|othersAll) != 0:
		return fmt.Errorf("invalid executable '%s', 'others' have rights on it or 'group' has write permissions on it", path)
	case !allowGroupExec && stat.Mode&(groupAll|othersAll) != 0:
		return fmt.Errorf("invalid executable '%s', 'group' or 'others' have rights on it", path)
	}
	if err := syscall.Access(path, executable); err != nil {
		return fmt.Errorf("invalid executable '%s': can't access it: %s", path, err)
	}
	return nil
}

// rightsDetail is what `agent secret` prints below "Permissions Detail".
func rightsDetail(path string) string {
	info, err := os.Stat(path)
	if err != nil {
		return fmt.Sprintf("Could not stat %s: %s", path, err)
	}
	owner, group := "?", "?"
	if stat, ok := info.Sys().(*syscall.Stat_t); ok {
		owner, group = strconv.Itoa(int(stat.Uid)), strconv.Itoa(int(stat.Gid))
	}
	if found, err := user.LookupId(owner); err == nil {
		owner = found.Username
	}
	if found, err := user.LookupGroupId(group); err == nil {
		group = found.Name
	}
	return fmt.Sprintf("File mode: %s\nOwner: %s\nGroup: %s", fmt.Sprintf("100%o", info.Mode().Perm()), owner, group)
}
