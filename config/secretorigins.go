package config

import "fmt"

// deriveSecrets notes where what is said of the site's secrets comes from, and which are wanted without a word.
func (r *resolved) deriveSecrets(t *translator) {
	note := func(o Origin) { r.layers.origins[o.Key] = o }
	for name, entry := range t.secrets.entries {
		layer := layerProject
		if entry.path[0] == keySites {
			layer = layerSite
		}
		key := keySecrets + "." + name
		note(Origin{Key: key, Value: sourceWord(entry.source), Layer: layer, Where: where(r.file.doc, entry.path)})
		if entry.rotation != nil {
			note(Origin{Key: key + ".rotate", Value: entry.rotation.With, Layer: layer, Where: where(r.file.doc, entry.path.with("rotate"))})
		}
	}
	for name, wanted := range t.secrets.found {
		key := keySecrets + "." + name
		if _, ok := r.layers.origins[key]; ok {
			continue
		}
		o := Origin{Key: key, Value: sourceWord(wanted.source), Layer: layerDerived}
		if wanted.path != nil {
			file, line, _ := t.place(wanted.path)
			o.Where = fmt.Sprintf("%s:%d", file, line)
		}
		note(o)
	}
	if _, ok := r.layers.origins[keyStoreOrganization]; !ok {
		if folder := r.organizationFolder(r.layers.text(keyOrg)); folder != "" {
			note(Origin{Key: keyStoreOrganization, Value: folder, Layer: layerDerived})
		}
	}
}
