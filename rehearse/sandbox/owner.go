package sandbox

import (
	"os"
	"strconv"
	"time"

	"github.com/shirou/gopsutil/v4/process"
)

// owner marks who made a sandbox, so that another process can tell a live one from one left by a crash. A process
// id alone would not do: ids are reused, and other machines and containers have their own.
type owner struct {
	Host  string `json:"host"`  // host name and process id namespace
	PID   int    `json:"pid"`   // process id
	Start int64  `json:"start"` // start of the process, Unix milliseconds
}

// startTolerance allows for the jitter of process start times, which Linux counts from the boot.
const startTolerance = 5 * time.Second

// currentOwner is the mark of this process.
func currentOwner() owner {
	pid := os.Getpid()
	start, _ := processStart(pid)
	return owner{Host: hostMark(), PID: pid, Start: start}
}

func hostMark() string {
	name, _ := os.Hostname()
	if namespace, err := os.Readlink("/proc/self/ns/pid"); err == nil {
		return name + "/" + namespace
	}
	return name
}

func processStart(pid int) (int64, error) {
	p, err := process.NewProcess(int32(pid))
	if err != nil {
		return 0, err
	}
	return p.CreateTime()
}

// dead reports that the owner certainly is gone. An owner on another host is never judged.
func (o owner) dead() bool {
	if o.Host != hostMark() {
		return false
	}
	if o.PID == os.Getpid() && o.Start == 0 {
		return false
	}
	start, err := processStart(o.PID)
	if err != nil {
		return !running(o.PID)
	}
	distance := time.Duration(start-o.Start) * time.Millisecond
	return distance.Abs() > startTolerance
}

func (o owner) labels() map[string]string {
	return map[string]string{
		labelHost:  o.Host,
		labelPID:   strconv.Itoa(o.PID),
		labelStart: strconv.FormatInt(o.Start, 10),
	}
}

func ownerFromLabels(labels map[string]string) (owner, bool) {
	pid, pidErr := strconv.Atoi(labels[labelPID])
	start, startErr := strconv.ParseInt(labels[labelStart], 10, 64)
	return owner{Host: labels[labelHost], PID: pid, Start: start}, pidErr == nil && startErr == nil
}
