// Package secrets holds secrets and their rotation to what they promise, on real hosts with a real database.
//
// Its stage is a project of one site or more, each on a server of its own: a PostgreSQL as a plain service, with its data in a
// volume, and a routed app in two replicas (package shop) that asks it with every request and all the time in between. The
// app's user in the database is in each answer, and every query that it ever made, or that failed, in a journal on the
// host. The project file has the database's address as the secret DATABASE_URL, which is rotated between two users.
//
//	s := set(t, project{asFile: true, onChange: "{ signal: SIGHUP }"}) // deployed, with version 1
//	s.underLoad(func() { result, out = s.rotate() })                   // neither a request nor a query is lost
//	s.runs(0, "2", "shop_b")                                           // what the first site's apps have, and are
//	s.admits(0, s.value("DATABASE_URL", "1"))                          // what its database says to the old address
//	s.rewrite(func(p *project) { p.unwellAs = "shop_a" })              // apps that are not well after the next rotation
//
// To break something meanwhile, there are the stage's worker, engine and hosts; see docs/test-world.md. What strikes at a step
// of a rotation, or of the run that it asks a site for, is a blow, and what the rotation then tells is held to what is found:
//
//	r := s.begin()
//	r.struck(blows{"AddCredential": s.killWorker, "RotateSite": r.inRun(0, 1, blows{"Start": s.killEngine})})
//	r.ends(app.Succeeded)
//
// A password that is changed in a database alone is tested by itself, in a container of the local engine (database).
package secrets
