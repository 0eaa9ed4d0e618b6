//go:build unix

package measure

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// costRuns is how often each of the short measurements is repeated for one run of the long ones.
const costRuns = 5

// Cost measures what it costs to have the provider at all, and what a bare one would cost.
func (l *Lab) Cost(ctx context.Context) (Cost, error) {
	l.say("the provider by itself")
	var cost Cost
	for _, m := range []struct {
		of   *Loaded
		from provider
		in   way
	}{{&cost.Provider, ours, single}, {&cost.Bare, bare, idle}} {
		info, err := os.Stat(l.path(m.from))
		if err != nil {
			return cost, fmt.Errorf("measuring the binary: %w", err)
		}
		m.of.Binary = info.Size()
		if err := l.load(ctx, m.in, m.of); err != nil {
			return cost, err
		}
	}
	if err := l.handshakes(ctx, &cost); err != nil {
		return cost, err
	}
	return cost, l.plans(ctx, &cost)
}

func (l *Lab) path(p provider) string { return filepath.Join(l.Bin, p.binary) }

// handshakes measures the starts of both providers, by turns.
func (l *Lab) handshakes(ctx context.Context, cost *Cost) error {
	var took, bareTook []time.Duration
	for range l.Runs * costRuns {
		for _, m := range []struct {
			from provider
			into *[]time.Duration
		}{{ours, &took}, {bare, &bareTook}} {
			shake, err := handshake(ctx, l.path(m.from))
			if err != nil {
				return err
			}
			*m.into = append(*m.into, shake)
		}
	}
	cost.Provider.Handshake, cost.Bare.Handshake = median(took, itself), median(bareTook, itself)
	return nil
}

func itself(d time.Duration) time.Duration { return d }

// plans measures the plan of one resource, of each kind by turns.
func (l *Lab) plans(ctx context.Context, cost *Cost) error {
	took := map[way][]time.Duration{}
	for range l.Runs * costRuns {
		for _, w := range []way{builtIn, idle, single} {
			err := l.one(ctx, setting{}, w, func(s *scene) error {
				r, err := s.plan(ctx, 2)
				took[w] = append(took[w], r.Wall)
				return err
			})
			if err != nil {
				return err
			}
		}
	}
	cost.Alone = median(took[builtIn], itself)
	cost.Bare.Plan, cost.Provider.Plan = median(took[idle], itself), median(took[single], itself)
	return nil
}

// one plays a scene with one resource of the given kind.
func (l *Lab) one(ctx context.Context, with setting, w way, run func(*scene) error) error {
	return l.play(ctx, with, func(s *scene) error {
		wanted, err := s.wanted(ctx, map[string]int{"K8": 1})
		if err != nil {
			return err
		}
		if err := s.configure(w, wanted); err != nil {
			return err
		}
		return run(s)
	})
}

// load measures what the kernel counts in a plan of one resource.
func (l *Lab) load(ctx context.Context, w way, out *Loaded) error {
	var runs []processes
	for range l.Runs {
		err := l.one(ctx, setting{launched: true}, w, func(s *scene) error {
			if _, err := s.plan(ctx, 2); err != nil {
				return err
			}
			used, err := s.used()
			runs = append(runs, used)
			return err
		})
		if err != nil {
			return err
		}
	}
	out.CPU = median(runs, processes.cpu)
	out.Peak = median(runs, processes.peak)
	out.Processes = len(runs[0])
	return nil
}

// magicCookie is what a CLI shows a plugin, as in go-plugin's handshake configuration of providers.
const magicCookie = "TF_PLUGIN_MAGIC_COOKIE=d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2"

// handshake starts a provider as a CLI does and returns how long it takes to name its address.
func handshake(ctx context.Context, path string) (time.Duration, error) {
	certificate, err := clientCertificate()
	if err != nil {
		return 0, fmt.Errorf("making a certificate: %w", err)
	}
	cmd := exec.CommandContext(ctx, path)
	cmd.Env = append(os.Environ(), magicCookie, "PLUGIN_PROTOCOL_VERSIONS=6", "PLUGIN_CLIENT_CERT="+certificate)
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return 0, fmt.Errorf("starting %s: %w", path, err)
	}
	start := time.Now()
	if err := cmd.Start(); err != nil {
		return 0, fmt.Errorf("starting %s: %w", path, err)
	}
	_, err = bufio.NewReader(stdout).ReadString('\n')
	took := time.Since(start)
	_ = cmd.Process.Kill() // it has done what it was started for
	_ = cmd.Wait()
	if err != nil {
		return 0, fmt.Errorf("%s names no address: %w", path, err)
	}
	return took, nil
}

// clientCertificate returns a certificate such as a CLI passes, for which the provider makes one in turn.
func clientCertificate() (string, error) {
	key, err := ecdsa.GenerateKey(elliptic.P521(), rand.Reader)
	if err != nil {
		return "", err
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})), err
}
