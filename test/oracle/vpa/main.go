// Drives the packages of upstream's VPA recommender with a virtual clock: one command per line of standard input, one
// JSON line per answer. Time is what the commands say, in milliseconds since 1970; nothing here looks at a clock that
// matters to the figures.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"time"

	autoscaling "k8s.io/api/autoscaling/v1"
	core "k8s.io/api/core/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	vpa_types "k8s.io/autoscaler/vertical-pod-autoscaler/pkg/apis/autoscaling.k8s.io/v1"
	"k8s.io/autoscaler/vertical-pod-autoscaler/pkg/recommender/config"
	"k8s.io/autoscaler/vertical-pod-autoscaler/pkg/recommender/logic"
	"k8s.io/autoscaler/vertical-pod-autoscaler/pkg/recommender/model"
	"k8s.io/autoscaler/vertical-pod-autoscaler/pkg/recommender/routines"
	controllerfetcher "k8s.io/autoscaler/vertical-pod-autoscaler/pkg/target/controller_fetcher"
	"k8s.io/klog/v2"
)

type command struct {
	Op        string                       `json:"op"`
	AtMs      int64                        `json:"at"`
	Pod       string                       `json:"pod"`
	Group     string                       `json:"group"`
	Container string                       `json:"container"`
	CPU       *int64                       `json:"cpu"`
	Memory    *int64                       `json:"memory"`
	Requests  map[string]int64             `json:"requests"`
	Policy    *vpa_types.PodResourcePolicy `json:"policy"`
	Round     rounding                     `json:"round"`
}

type rounding struct {
	CPUMilli    int `json:"cpuMilli"`
	MemoryBytes int `json:"memoryBytes"`
}

const (
	namespace = "stream"
	app       = "app"
	lineMax   = 1 << 20
)

func main() {
	// A sample that is left out is logged otherwise.
	flags := flag.NewFlagSet("klog", flag.ExitOnError)
	klog.InitFlags(flags)
	for name, value := range map[string]string{"logtostderr": "false", "stderrthreshold": "FATAL", "v": "-1"} {
		must(flags.Set(name, value))
	}
	klog.SetOutput(discard{})
	in := bufio.NewScanner(os.Stdin)
	in.Buffer(make([]byte, lineMax), lineMax)
	out := bufio.NewWriterSize(os.Stdout, lineMax)
	answers := json.NewEncoder(out)
	var current *stream
	for in.Scan() {
		var c command
		must(json.Unmarshal(in.Bytes(), &c))
		if c.Op == "stream" {
			// Whoever listens need not wait for the last stream.
			must(out.Flush())
			current = newStream(c.Policy, c.Round)
			continue
		}
		if answer := current.obey(c); answer != nil {
			must(answers.Encode(answer))
		}
	}
	must(in.Err())
	must(out.Flush())
}

type discard struct{}

func (discard) Write(bytes []byte) (int, error) { return len(bytes), nil }

// One VPA object with all that is known of its pods.
type stream struct {
	cluster     clusterState
	recommender logic.PodResourceRecommender
	round       rounding
	object      *vpa_types.VerticalPodAutoscaler
}

type clusterState interface {
	model.ClusterState
	GetContainer(model.ContainerID) *model.ContainerState
}

func newStream(policy *vpa_types.PodResourcePolicy, round rounding) *stream {
	defaults := config.DefaultRecommenderConfig()
	s := &stream{
		round: round,
		object: &vpa_types.VerticalPodAutoscaler{
			ObjectMeta: meta.ObjectMeta{Namespace: namespace, Name: app},
			Spec: vpa_types.VerticalPodAutoscalerSpec{
				TargetRef:      &autoscaling.CrossVersionObjectReference{APIVersion: "apps/v1", Kind: "DaemonSet", Name: app},
				ResourcePolicy: policy,
			},
		},
		recommender: logic.CreatePodResourceRecommender(logic.RecommendationConfig{
			SafetyMarginFraction:       defaults.SafetyMarginFraction,
			PodMinCPUMillicores:        defaults.PodMinCPUMillicores,
			PodMinMemoryMb:             defaults.PodMinMemoryMb,
			TargetCPUPercentile:        defaults.TargetCPUPercentile,
			LowerBoundCPUPercentile:    defaults.LowerBoundCPUPercentile,
			UpperBoundCPUPercentile:    defaults.UpperBoundCPUPercentile,
			ConfidenceIntervalCPU:      defaults.ConfidenceIntervalCPU,
			TargetMemoryPercentile:     defaults.TargetMemoryPercentile,
			LowerBoundMemoryPercentile: defaults.LowerBoundMemoryPercentile,
			UpperBoundMemoryPercentile: defaults.UpperBoundMemoryPercentile,
			ConfidenceIntervalMemory:   defaults.ConfidenceIntervalMemory,
		}),
	}
	s.forget()
	return s
}

// A recommender that has just started: the object is known, no pod is.
func (s *stream) forget() {
	s.cluster = model.NewClusterState(time.Hour)
	must(s.cluster.AddOrUpdateVpa(s.object, labels.SelectorFromSet(labels.Set{"app": app})))
}

func (s *stream) vpa() *model.Vpa {
	return s.cluster.VPAs()[model.VpaID{Namespace: namespace, VpaName: app}]
}

func (s *stream) obey(c command) any {
	at := time.UnixMilli(c.AtMs).UTC()
	pod := model.PodID{Namespace: namespace, PodName: c.Pod}
	container := model.ContainerID{PodID: pod, ContainerName: c.Container}
	switch c.Op {
	case "pod":
		s.cluster.AddOrUpdatePod(pod, labels.Set{"app": app, "group": c.Group}, core.PodRunning)
		for name, bytes := range c.Requests {
			id := model.ContainerID{PodID: pod, ContainerName: name}
			must(s.cluster.AddOrUpdateContainer(id, model.Resources{model.ResourceMemory: model.ResourceAmount(bytes)}))
		}
	case "gone":
		s.cluster.DeletePod(pod)
	case "use":
		// A sample that is refused is what is to be compared, too: both sides leave it out.
		if c.CPU != nil {
			_ = s.cluster.AddSample(sampleOf(container, at, model.ResourceCPU, *c.CPU))
		}
		if c.Memory != nil {
			_ = s.cluster.AddSample(sampleOf(container, at, model.ResourceMemory, *c.Memory))
		}
	case "oom":
		_ = s.cluster.RecordOOM(container, at, model.ResourceAmount(*c.Memory))
	case "collect":
		s.cluster.RateLimitedGarbageCollectAggregateCollectionStates(context.Background(), at, nobody{})
	case "checkpoint":
		return map[string]any{"checkpoints": s.checkpoints(at)}
	case "restart":
		saved := s.checkpoints(at)
		s.forget()
		for name, status := range saved {
			state := model.NewAggregateContainerState()
			must(state.LoadFromCheckpoint(status))
			s.vpa().ContainersInitialAggregateState[name] = state
		}
	case "recommend":
		return map[string]any{"containers": s.recommendation()}
	default:
		panic("unknown command " + c.Op)
	}
	return nil
}

func sampleOf(id model.ContainerID, at time.Time, resource model.ResourceName, amount int64) *model.ContainerUsageSampleWithKey {
	return &model.ContainerUsageSampleWithKey{
		Container: id,
		ContainerUsageSample: model.ContainerUsageSample{
			MeasureStart: at,
			Resource:     resource,
			Usage:        model.ResourceAmount(amount),
		},
	}
}

// As the API server would give them back: upstream's own writer asks the system's clock for the time, so the peaks of
// windows that are still open are taken out here, by upstream's methods and at the stream's time.
func (s *stream) checkpoints(now time.Time) map[string]*vpa_types.VerticalPodAutoscalerCheckpointStatus {
	states := s.vpa().AggregateStateByContainerName()
	for _, pod := range s.cluster.Pods() {
		for name, container := range pod.Containers {
			state, exists := states[name]
			if exists && s.vpa().UsesAggregation(s.cluster.MakeAggregateStateKey(pod, name)) && now.Before(container.WindowEnd) {
				peak := model.BytesFromMemoryAmount(container.GetMaxMemoryPeak())
				state.AggregateMemoryPeaks.SubtractSample(peak, 1, container.WindowEnd)
			}
		}
	}
	result := map[string]*vpa_types.VerticalPodAutoscalerCheckpointStatus{}
	for name, state := range states {
		status, err := state.SaveToCheckpoint()
		must(err)
		status.LastUpdateTime = meta.NewTime(now)
		bytes, err := json.Marshal(status)
		must(err)
		result[name] = &vpa_types.VerticalPodAutoscalerCheckpointStatus{}
		must(json.Unmarshal(bytes, result[name]))
	}
	return result
}

type amounts struct {
	CPUMilli    *int64 `json:"cpuMilli,omitempty"`
	MemoryBytes *int64 `json:"memoryBytes,omitempty"`
}

type containerAnswer struct {
	Name           string  `json:"name"`
	Target         amounts `json:"target"`
	LowerBound     amounts `json:"lowerBound"`
	UpperBound     amounts `json:"upperBound"`
	UncappedTarget amounts `json:"uncappedTarget"`
}

func (s *stream) recommendation() []containerAnswer {
	resources := s.recommender.GetRecommendedPodResources(routines.GetContainerNameToAggregateStateMap(s.vpa()))
	format := logic.RecommendationFormat{RoundCPUMillicores: s.round.CPUMilli, RoundMemoryBytes: s.round.MemoryBytes}
	list := logic.MapToListOfRecommendedContainerResources(resources, format)
	capped := routines.NewCappingRecommendationProcessor(nil).Process(s.object, list)
	answers := []containerAnswer{}
	for _, one := range capped.ContainerRecommendations {
		answers = append(answers, containerAnswer{
			Name:           one.ContainerName,
			Target:         amountsOf(one.Target),
			LowerBound:     amountsOf(one.LowerBound),
			UpperBound:     amountsOf(one.UpperBound),
			UncappedTarget: amountsOf(one.UncappedTarget),
		})
	}
	return answers
}

func amountsOf(list core.ResourceList) amounts {
	var result amounts
	if quantity, has := list[core.ResourceCPU]; has {
		milli := quantity.MilliValue()
		result.CPUMilli = &milli
	}
	if quantity, has := list[core.ResourceMemory]; has {
		bytes := quantity.Value()
		result.MemoryBytes = &bytes
	}
	return result
}

// No pod's controller is looked up: every pod of a stream runs.
type nobody struct{}

func (nobody) FindTopMostWellKnownOrScalable(context.Context, *controllerfetcher.ControllerKeyWithAPIVersion) (*controllerfetcher.ControllerKeyWithAPIVersion, error) {
	return nil, nil
}

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
