package service

import (
	"bytes"
	"encoding/json"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
)

// Knobs are settings that change while the process runs. Readers get an immutable value; a PUT
// merges JSON into a copy, which then takes the value's place.
//
// Maps in T must copy themselves when they are decoded, as [PerType] does.
type Knobs[T any] struct {
	// Changed, if not nil, is called with every new value, by one goroutine at a time.
	Changed func(T)

	mu      sync.Mutex // orders the writers
	current atomic.Pointer[T]
}

// NewKnobs returns knobs with a first value, into which JSON is merged; the JSON may be empty.
func NewKnobs[T any](first T, given string) (*Knobs[T], error) {
	k := &Knobs[T]{}
	k.current.Store(&first)
	if given == "" {
		return k, nil
	}
	return k, k.merge(strings.NewReader(given))
}

// Get returns the value of now.
func (k *Knobs[T]) Get() T { return *k.current.Load() }

// ServeHTTP answers GET and PUT with the value of now, as JSON; PUT merges the body first.
func (k *Knobs[T]) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch r.Method {
	case http.MethodGet:
	case http.MethodPut:
		if err := k.merge(r.Body); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
	default:
		http.Error(w, "GET or PUT", http.StatusMethodNotAllowed)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(k.Get()); err != nil {
		slog.Warn("answering", "err", err)
	}
}

func (k *Knobs[T]) merge(from io.Reader) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	next := k.Get()
	decoder := json.NewDecoder(from)
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&next); err != nil {
		return err
	}
	k.current.Store(&next)
	if k.Changed != nil {
		k.Changed(next)
	}
	return nil
}

// PerType is a setting with a value per task type; "*" holds for types that are not named.
//
// In JSON, a bare value sets all types at once, an object sets the types that it names.
type PerType[T any] map[string]T

// Of returns the value for a task type.
func (p PerType[T]) Of(taskType string) T {
	if value, ok := p[taskType]; ok {
		return value
	}
	return p["*"]
}

// UnmarshalJSON replaces the map by a merged copy, so that readers of the old one are not disturbed.
func (p *PerType[T]) UnmarshalJSON(data []byte) error {
	if !bytes.HasPrefix(bytes.TrimSpace(data), []byte("{")) {
		var all T
		if err := json.Unmarshal(data, &all); err != nil {
			return err
		}
		*p = PerType[T]{"*": all}
		return nil
	}
	var some map[string]T
	if err := json.Unmarshal(data, &some); err != nil {
		return err
	}
	merged := maps.Clone(*p)
	if merged == nil {
		merged = PerType[T]{}
	}
	maps.Copy(merged, some)
	*p = merged
	return nil
}
