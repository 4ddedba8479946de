package accountant

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// SegmentError says which segment of a schedule is at fault.
type SegmentError struct {
	Segment int    // counted from 1
	Text    string // as it was written, clipped
	Err     error
}

func (e *SegmentError) Error() string {
	return fmt.Sprintf("%v (segment %d, %q)", e.Err, e.Segment, e.Text)
}

// Unwrap returns what is wrong with the segment.
func (e *SegmentError) Unwrap() error { return e.Err }

// ParseSegments reads a schedule written as "sigma:q:steps" joined by ";", for example "1.3:0.004:500;0.9:0.004:500".
func ParseSegments(text string) ([]Segment, error) {
	segments, unknown, err := ParseSchedule(text)
	if err == nil {
		err = expect(text, unknown, false, "only a question for sigma may use ? for a noise multiplier")
	}
	if err != nil {
		return nil, err
	}
	return segments, nil
}

// ParseShape reads the shape of a schedule whose noise is sought: every sigma is "?" or a multiple "0.8*?", and the
// Sigma returned is the multiple.
func ParseShape(text string) ([]Segment, error) {
	segments, unknown, err := ParseSchedule(text)
	if err == nil {
		err = expect(text, unknown, true, "every segment needs a ? for its noise multiplier, such as ?:0.01:1000 or 0.8*?:0.01:1000")
	}
	if err != nil {
		return nil, err
	}
	return segments, nil
}

// expect refuses a schedule by its first segment whose noise multiplier is not as wanted, unknown or not.
func expect(text string, unknown []bool, want bool, why string) error {
	if i := slices.Index(unknown, !want); i >= 0 {
		return &SegmentError{i + 1, clipped(strings.TrimSpace(strings.Split(text, ";")[i])), fmt.Errorf("accountant: %s", why)}
	}
	return nil
}

// FormatSegments writes a schedule so that [ParseSegments] reads back exactly the same numbers.
func FormatSegments(segments []Segment) string {
	var b strings.Builder
	for i, s := range segments {
		if i > 0 {
			b.WriteByte(';')
		}
		fmt.Fprintf(&b, "%s:%s:%d", strconv.FormatFloat(s.Sigma, 'g', -1, 64), strconv.FormatFloat(s.Rate, 'g', -1, 64), s.Steps)
	}
	return b.String()
}

// ParseSchedule reads a schedule of either kind. Where a noise multiplier is unknown, Sigma is the multiple of it.
func ParseSchedule(text string) (segments []Segment, unknown []bool, err error) {
	if len(text) > 1<<26 {
		return nil, nil, fmt.Errorf("accountant: segments of %d bytes, at most 64 MiB", len(text))
	}
	text = strings.TrimSuffix(strings.TrimSpace(text), ";")
	if text == "" {
		return nil, nil, fmt.Errorf("accountant: no segments; write sigma:q:steps, joined by ;")
	}
	for i, part := range strings.Split(text, ";") {
		part = strings.TrimSpace(part)
		s, scales, err := parseSegment(part)
		if err == nil {
			err = s.Validate()
		}
		if err != nil {
			return nil, nil, &SegmentError{i + 1, clipped(part), err}
		}
		segments, unknown = append(segments, s), append(unknown, scales)
	}
	return segments, unknown, nil
}

func parseSegment(text string) (s Segment, scales bool, err error) {
	fields := strings.Split(text, ":")
	if len(fields) != 3 {
		return s, false, fmt.Errorf("accountant: a segment is sigma:q:steps, got %d fields", len(fields))
	}
	sigma := strings.TrimSpace(fields[0])
	if before, found := strings.CutSuffix(sigma, "?"); found {
		scales = true
		if sigma = strings.TrimSpace(before); sigma == "" {
			sigma = "1*"
		}
		if sigma, found = strings.CutSuffix(sigma, "*"); !found {
			return s, true, fmt.Errorf("accountant: write a multiple of the unknown noise multiplier as 0.8*?")
		}
	}
	if s.Sigma, err = strconv.ParseFloat(strings.TrimSpace(sigma), 64); err != nil {
		return s, scales, fmt.Errorf("accountant: noise multiplier %q is not a number", clipped(sigma))
	}
	if s.Rate, err = strconv.ParseFloat(strings.TrimSpace(fields[1]), 64); err != nil {
		return s, scales, fmt.Errorf("accountant: sampling rate %q is not a number", clipped(fields[1]))
	}
	if s.Steps, err = strconv.Atoi(strings.TrimSpace(fields[2])); err != nil {
		return s, scales, fmt.Errorf("accountant: steps %q is not a whole number", clipped(fields[2]))
	}
	return s, scales, nil
}

func clipped(s string) string {
	if len(s) > 40 {
		return s[:40] + "..."
	}
	return s
}
