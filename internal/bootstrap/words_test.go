package bootstrap

import (
	"slices"
	"strings"
	"testing"
)

func TestSSHDiffers(t *testing.T) {
	good := "PasswordAuthentication no\nkbdinteractiveauthentication no\npermitrootlogin prohibit-password\nx11forwarding no\nallowstreamlocalforwarding yes\ndisableforwarding no\nport 22\n"
	if got := sshdDiffers(good); got != nil {
		t.Errorf("%v", got)
	}
	bad := strings.Replace(good, "streamlocalforwarding yes", "streamlocalforwarding no", 1) + "passwordauthentication yes\n"
	if got := sshdDiffers(bad); !slices.Equal(got, []string{"passwordauthentication yes", "allowstreamlocalforwarding no"}) {
		t.Errorf("%v", got)
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
	if got := ignoredAddresses(fail2banText(addresses)); !slices.Equal(got, addresses) {
		t.Errorf("%v", got)
	}
	if got := ignoredAddresses("[sshd]\n"); got != nil {
		t.Errorf("%v", got)
	}
}
