package config

import (
	"cmp"
	"maps"
	"math"
	"slices"
	"strconv"

	"github.com/compose-spec/compose-go/v2/types"

	"github.com/longshore-dev/longshore/internal/app"
)

// resources joins the service's own limits with those of deploy.resources; compose refuses two that differ.
func (t *translator) resources(s types.ServiceConfig, path keyPath) app.Resources {
	limits, reservations := deployResources(s)
	out := app.Resources{
		NanoCPUs:           cmp.Or(nanoCPUs(s.CPUS), nanoCPUs(limits.NanoCPUs.Value())),
		CPUShares:          s.CPUShares,
		CPUPeriod:          s.CPUPeriod,
		CPUQuota:           s.CPUQuota,
		CPURealtimePeriod:  s.CPURTPeriod,
		CPURealtimeRuntime: s.CPURTRuntime,
		CPUCount:           s.CPUCount,
		CPUPercent:         int64(s.CPUPercent),
		CpusetCpus:         s.CPUSet,
		Memory:             int64(cmp.Or(s.MemLimit, limits.MemoryBytes)),
		MemoryReservation:  int64(cmp.Or(s.MemReservation, reservations.MemoryBytes)),
		MemorySwap:         int64(s.MemSwapLimit),
		Pids:               cmp.Or(s.PidsLimit, limits.Pids),
	}
	if t.sources.has(path.with("mem_swappiness")) {
		swappiness := int64(s.MemSwappiness)
		out.MemorySwappiness = &swappiness
	}
	if b := s.BlkioConfig; b != nil {
		out.BlkioWeight = b.Weight
		for _, w := range b.WeightDevice {
			out.BlkioWeightDevice = append(out.BlkioWeightDevice, app.BlkioWeight{Path: w.Path, Weight: w.Weight})
		}
		out.BlkioReadBps = rates(b.DeviceReadBps)
		out.BlkioWriteBps = rates(b.DeviceWriteBps)
		out.BlkioReadIOps = rates(b.DeviceReadIOps)
		out.BlkioWriteIOps = rates(b.DeviceWriteIOps)
	}
	return out
}

func deployResources(s types.ServiceConfig) (limits, reservations types.Resource) {
	if s.Deploy == nil {
		return limits, reservations
	}
	if l := s.Deploy.Resources.Limits; l != nil {
		limits = *l
	}
	if r := s.Deploy.Resources.Reservations; r != nil {
		reservations = *r
	}
	return limits, reservations
}

// nanoCPUs goes through the shortest decimal: a tenth of a CPU is not a round number in binary.
func nanoCPUs(cpus float32) int64 {
	exact, err := strconv.ParseFloat(strconv.FormatFloat(float64(cpus), 'g', -1, 32), 64)
	if err != nil {
		return 0
	}
	return int64(math.Round(exact * 1e9))
}

func rates(in []types.ThrottleDevice) []app.BlkioRate {
	var out []app.BlkioRate
	for _, r := range in {
		out = append(out, app.BlkioRate{Path: r.Path, Rate: int64(r.Rate)})
	}
	return out
}

func ulimits(in map[string]*types.UlimitsConfig) []app.Ulimit {
	var out []app.Ulimit
	for _, name := range slices.Sorted(maps.Keys(in)) {
		u := app.Ulimit{Name: name, Soft: int64(in[name].Soft), Hard: int64(in[name].Hard)}
		if in[name].Single != 0 {
			u.Soft, u.Hard = int64(in[name].Single), int64(in[name].Single)
		}
		out = append(out, u)
	}
	return out
}

func devices(in []types.DeviceMapping) []app.Device {
	var out []app.Device
	for _, d := range in {
		out = append(out, app.Device{
			Source: d.Source, Target: cmp.Or(d.Target, d.Source), Permissions: cmp.Or(d.Permissions, "rwm"),
		})
	}
	return out
}

// deviceRequests are those of gpus, which are GPUs without saying so, and of deploy.resources.
func deviceRequests(s types.ServiceConfig) []app.DeviceRequest {
	var out []app.DeviceRequest
	for _, g := range s.Gpus {
		request := deviceRequest(g)
		if !slices.Contains(request.Capabilities, "gpu") {
			request.Capabilities = append(slices.Clone(request.Capabilities), "gpu")
		}
		out = append(out, request)
	}
	_, reservations := deployResources(s)
	for _, d := range reservations.Devices {
		out = append(out, deviceRequest(d))
	}
	return out
}

func deviceRequest(d types.DeviceRequest) app.DeviceRequest {
	return app.DeviceRequest{
		Driver: d.Driver, Count: int(d.Count), IDs: d.IDs, Capabilities: d.Capabilities, Options: d.Options,
	}
}
