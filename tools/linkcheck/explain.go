package main

import (
	"errors"
	"fmt"

	"github.com/go3s/rules_go3s/internal/policy"
)

// runExplain is "linkcheck explain".
func runExplain(e env, args []string) (int, error) {
	ids, err := parse(flagSet("explain"), args)
	if err != nil {
		return 0, err
	}
	if len(ids) == 0 {
		return 0, errors.New("explain: want the id of a rule; linkcheck list shows them")
	}
	for i, id := range ids {
		rule, err := policy.RuleByID(id)
		if err != nil {
			return 0, err
		}
		if i > 0 {
			fmt.Fprintln(e.stdout)
		}
		fmt.Fprintf(e.stdout, "%s (%s)\n\n%s\n\nWhy:       %s\nEvidence:  %s\nRemedy:    %s\nReference: %s\nJudged by: %s\n",
			rule.ID, rule.Severity, rule.What, rule.Why, rule.Evidence, rule.Remedy, rule.Ref, judgedBy(rule))
	}
	return clean, nil
}
