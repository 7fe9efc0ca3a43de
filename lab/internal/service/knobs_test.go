package service_test

import (
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"sync"
	"testing"

	"asynq-mon-lab/internal/service"
)

type knobs struct {
	Rate  service.PerType[float64] `json:"rate"`
	Other int                      `json:"other"`
}

// A body is merged into the value of now, and the answer says what came of it.
func TestMerging(t *testing.T) {
	for name, tc := range map[string]struct {
		body   string
		status int
		want   knobs
	}{
		"one type":          {`{"rate": {"b": 2}}`, 200, knobs{service.PerType[float64]{"*": 0.5, "a": 1, "b": 2}, 7}},
		"all types":         {`{"rate": 0.1}`, 200, knobs{service.PerType[float64]{"*": 0.1}, 7}},
		"another knob":      {`{"other": 8}`, 200, knobs{service.PerType[float64]{"*": 0.5, "a": 1}, 8}},
		"no such knob":      {`{"rates": 1}`, 400, knobs{service.PerType[float64]{"*": 0.5, "a": 1}, 7}},
		"not a number":      {`{"rate": "x"}`, 400, knobs{service.PerType[float64]{"*": 0.5, "a": 1}, 7}},
		"half a good thing": {`{"other": 8, "rate": "x"}`, 400, knobs{service.PerType[float64]{"*": 0.5, "a": 1}, 7}},
	} {
		t.Run(name, func(t *testing.T) {
			k, err := service.NewKnobs(knobs{Other: 7}, `{"rate": 0.5}`)
			if err != nil {
				t.Fatal(err)
			}
			put(k, `{"rate": {"a": 1}}`)
			if got := put(k, tc.body); got != tc.status {
				t.Errorf("status %d, want %d", got, tc.status)
			}
			if got := k.Get(); !reflect.DeepEqual(got, tc.want) {
				t.Errorf("got %v, want %v", got, tc.want)
			}
		})
	}
}

// Readers are not disturbed by writers, and every writer's change is kept; the race detector watches.
func TestConcurrency(t *testing.T) {
	k, err := service.NewKnobs(knobs{}, "")
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for _, name := range []string{"a", "b", "c", "d"} {
		wg.Add(2)
		go func() { defer wg.Done(); put(k, `{"rate": {"`+name+`": 1}}`) }()
		go func() { defer wg.Done(); _ = k.Get().Rate.Of(name) }()
	}
	wg.Wait()
	if got := len(k.Get().Rate); got != 4 {
		t.Errorf("%d types, want 4", got)
	}
}

func put(k http.Handler, body string) int {
	w := httptest.NewRecorder()
	k.ServeHTTP(w, httptest.NewRequest(http.MethodPut, "/knobs", strings.NewReader(body)))
	return w.Code
}
