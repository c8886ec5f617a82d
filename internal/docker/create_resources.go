package docker

import (
	"cmp"
	"fmt"

	"github.com/docker/docker/api/types/blkiodev"
	"github.com/docker/docker/api/types/container"

	"github.com/longshore-dev/longshore/internal/app"
)

func resources(c app.Container) (container.Resources, error) {
	r := c.Resources
	out := container.Resources{
		NanoCPUs:           r.NanoCPUs,
		CPUShares:          r.CPUShares,
		CPUPeriod:          r.CPUPeriod,
		CPUQuota:           r.CPUQuota,
		CPURealtimePeriod:  r.CPURealtimePeriod,
		CPURealtimeRuntime: r.CPURealtimeRuntime,
		CPUCount:           r.CPUCount,
		CPUPercent:         r.CPUPercent,
		CpusetCpus:         r.CpusetCpus,
		Memory:             r.Memory,
		MemoryReservation:  r.MemoryReservation,
		MemorySwap:         r.MemorySwap,
		MemorySwappiness:   r.MemorySwappiness,
		BlkioWeight:        r.BlkioWeight,
		CgroupParent:       c.CgroupParent,
		DeviceCgroupRules:  c.DeviceCgroupRules,
		OomKillDisable:     c.OomKillDisable,
	}
	if r.Pids != 0 {
		out.PidsLimit = &r.Pids
	}
	for _, w := range r.BlkioWeightDevice {
		out.BlkioWeightDevice = append(out.BlkioWeightDevice, &blkiodev.WeightDevice{Path: w.Path, Weight: w.Weight})
	}
	for _, limit := range []struct {
		rates []app.BlkioRate
		into  *[]*blkiodev.ThrottleDevice
	}{
		{r.BlkioReadBps, &out.BlkioDeviceReadBps},
		{r.BlkioWriteBps, &out.BlkioDeviceWriteBps},
		{r.BlkioReadIOps, &out.BlkioDeviceReadIOps},
		{r.BlkioWriteIOps, &out.BlkioDeviceWriteIOps},
	} {
		for _, rate := range limit.rates {
			if rate.Rate < 0 {
				return container.Resources{}, fmt.Errorf("block I/O limit of %s is negative: %d", rate.Path, rate.Rate)
			}
			*limit.into = append(*limit.into, &blkiodev.ThrottleDevice{Path: rate.Path, Rate: uint64(rate.Rate)})
		}
	}
	for _, u := range c.Ulimits {
		out.Ulimits = append(out.Ulimits, &container.Ulimit{Name: u.Name, Soft: u.Soft, Hard: u.Hard})
	}
	for _, d := range c.Devices {
		out.Devices = append(out.Devices, container.DeviceMapping{
			PathOnHost:        d.Source,
			PathInContainer:   cmp.Or(d.Target, d.Source),
			CgroupPermissions: cmp.Or(d.Permissions, "rwm"),
		})
	}
	for _, d := range c.DeviceRequests {
		request := container.DeviceRequest{Driver: d.Driver, Count: d.Count, DeviceIDs: d.IDs, Options: d.Options}
		if len(d.Capabilities) > 0 {
			request.Capabilities = [][]string{d.Capabilities}
		}
		out.DeviceRequests = append(out.DeviceRequests, request)
	}
	return out, nil
}
