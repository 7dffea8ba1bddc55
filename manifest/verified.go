package manifest

// Verified is what came through an Authenticator: one channel with the
// components it offers and the advisories. Its zero value holds nothing, and
// only Open returns a usable one.
type Verified struct{ c *contents }

type contents struct {
	channel    Channel
	components map[string]*Component
	advisories []Advisory
	digest     string
}
