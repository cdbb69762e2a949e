package main

import (
	"bufio"
	"fmt"
	"os"
	"strings"

	"golang.org/x/term"
)

// confirm asks on a terminal whether to go on; elsewhere --yes must say so.
func (a *app) confirm(yes bool, question string) error {
	if yes {
		return nil
	}
	if !term.IsTerminal(int(os.Stdin.Fd())) {
		return usagef("add --yes", "%s: nobody is there to be asked", question)
	}
	fmt.Fprintf(a.stderr, "migrate: %s? [y/N] ", question)
	answer, err := bufio.NewReader(os.Stdin).ReadString('\n')
	if err != nil {
		return fmt.Errorf("read the answer: %w", err)
	}
	if answer = strings.ToLower(strings.TrimSpace(answer)); answer != "y" && answer != "yes" {
		return refusal{message: "not confirmed, nothing was changed"}
	}
	return nil
}
