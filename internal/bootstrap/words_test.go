package bootstrap

import (
	"slices"
	"strings"
	"testing"
)

func TestSSHDiffers(t *testing.T) {
	good := "PasswordAuthentication no\nkbdinteractiveauthentication no\npermitrootlogin without-password\nx11forwarding no\nallowstreamlocalforwarding yes\ndisableforwarding no\nport 22\n"
	tests := map[string]struct {
		text    string
		differs []string
	}{
		"as wanted":              {good, nil},
		"by the newer name":      {strings.Replace(good, "without-password", "prohibit-password", 1), nil},
		"stricter for root":      {strings.Replace(good, "without-password", "no", 1), nil},
		"forwarding one way":     {strings.Replace(good, "streamlocalforwarding yes", "streamlocalforwarding local", 1), nil},
		"a key nobody knows of":  {strings.Replace(good, "x11forwarding no\n", "", 1), nil},
		"root with a password":   {strings.Replace(good, "without-password", "yes", 1), []string{"permitrootlogin yes"}},
		"passwords, no sockets":  {strings.Replace(good, "forwarding yes", "forwarding no", 1) + "passwordauthentication yes\n", []string{"passwordauthentication yes", "allowstreamlocalforwarding no"}},
		"questions by keyboards": {strings.Replace(good, "kbdinteractiveauthentication no", "kbdinteractiveauthentication yes", 1), []string{"kbdinteractiveauthentication yes"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if got := sshdDiffers(sshdSettings(test.text)); !slices.Equal(got, test.differs) {
				t.Errorf("%v", got)
			}
		})
	}
}

func TestWithUser(t *testing.T) {
	for address, want := range map[string]string{"web-1": "deploy@web-1", "root@192.0.2.1:2222": "deploy@192.0.2.1:2222", "me@[2001:db8::1]:22": "deploy@[2001:db8::1]:22"} {
		if got := withUser(address, "deploy"); got != want {
			t.Errorf("%s: %s", address, got)
		}
	}
}

func TestAPTValues(t *testing.T) {
	want := "APT::Periodic::Update-Package-Lists 1\nAPT::Periodic::Unattended-Upgrade 1\nUnattended-Upgrade::Automatic-Reboot true\nUnattended-Upgrade::Automatic-Reboot-Time 03:30"
	if got := aptValues(updatesText("03:30")); got != want {
		t.Errorf("%s", got)
	}
	if got := aptValues(updatesText("")); !strings.Contains(got, "Automatic-Reboot false") {
		t.Errorf("%s", got)
	}
}

func TestFail2banKeepsWhomItIgnores(t *testing.T) {
	addresses := []string{"127.0.0.1/8", "::1", "192.0.2.7"}
	if got := ignoredAddresses(fail2banText([]int{22}, addresses)); !slices.Equal(got, addresses) {
		t.Errorf("%v", got)
	}
	if got := ignoredAddresses("[sshd]\n"); got != nil {
		t.Errorf("%v", got)
	}
}
