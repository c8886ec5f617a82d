package registry

// Refused says for a person that the registry does not take the login, and what to do.
func (f Found) Refused() (message, advice string) {
	if f.Login.Anonymous() {
		return "the registry " + f.Name + " wants a login, and there is none in " + f.From + ", nor in the settings",
			"Set registries." + f.Name + " in longshore.yml, or run docker login " + f.Name + " as the user of the worker. " + mayBeAbsent
	}
	return "the registry " + f.Name + " refuses the login from " + f.From,
		"Check the user and the password there, and that this user may pull the image. " + mayBeAbsent
}

const mayBeAbsent = "A registry may also say so of an image that it does not have."

// Unfound says what to do where Find has failed.
func (f Found) Unfound() (advice string) {
	return "Mend it on the machine of the worker, or name another place in registries." + f.Name + " of longshore.yml."
}
