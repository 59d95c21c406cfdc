// Money rounds.
package money
