package layout

import "testing"

func TestNamesAreSafeInPaths(t *testing.T) {
	for name, good := range map[string]bool{
		"default": true, "a": true, "e2e-4711": true,
		"": false, "-a": false, "a-": false, "../x": false, "A": false, "a/b": false,
		"a23456789012345678901234567890123": false,
	} {
		if _, err := Open(name); (err == nil) != good {
			t.Errorf("name %q: %v", name, err)
		}
	}
}

func TestNothingOfTwoTestbedsClashes(t *testing.T) {
	t.Setenv(DirVariable, "/state")
	one, _ := Open("one")
	two, _ := Open("two")
	for what, pair := range map[string][2]string{
		"socket":  {one.ControlSocket(), two.ControlSocket()},
		"cgroup":  {one.Node(1).CgroupRoot(), two.Node(1).CgroupRoot()},
		"disk":    {one.Node(1).Disk(), two.Node(1).Disk()},
		"audit":   {one.AuditLog(), two.AuditLog()},
		"lock":    {one.Lock(), two.Lock()},
		"of node": {one.Node(1).IP(), one.Node(2).IP()},
		"of pods": {one.Node(1).PodCIDR(), one.Node(2).PodCIDR()},
	} {
		if pair[0] == pair[1] {
			t.Errorf("%s is %s twice", what, pair[0])
		}
	}
}
