package power

import (
	"slices"

	"pylon/internal/kernel/ident"
)

// Member is a site below a node of a portfolio.
type Member struct {
	Site  Site
	Below NodeID
}

// Join returns several sites as one, below nodes of kind [Portfolio]: their outlets one
// behind the other, each node and outlet under its site's name and its own. What one
// of them gets then depends on the others, as the limits above say.
func Join(id ident.SiteID, above []Node, members []Member) Site {
	joined := Site{ID: id, Nodes: slices.Clone(above)}
	for _, m := range members {
		under := string(m.Site.ID) + "/"
		for _, n := range m.Site.Nodes {
			n.ID = NodeID(under + string(n.ID))
			if n.Parent == "" {
				n.Parent = m.Below
			} else {
				n.Parent = NodeID(under + string(n.Parent))
			}
			joined.Nodes = append(joined.Nodes, n)
		}
		for _, o := range m.Site.Outlets {
			o.ID = OutletID(under + string(o.ID))
			o.Node = NodeID(under + string(o.Node))
			joined.Outlets = append(joined.Outlets, o)
		}
	}
	return joined
}
