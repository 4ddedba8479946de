package main

type runReport struct{}

func (r *runReport) sentence(d *document) {}
