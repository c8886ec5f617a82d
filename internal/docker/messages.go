package docker

import (
	"encoding/json"
	"io"

	"github.com/docker/docker/pkg/jsonmessage"
)

// eachMessage reads a stream of the engine's messages to its end. An error in one of them is the call's: by then the
// answer has long begun with a status of 200.
func eachMessage(r io.Reader, each func(jsonmessage.JSONMessage)) error {
	decoder := json.NewDecoder(r)
	for {
		var message jsonmessage.JSONMessage
		if err := decoder.Decode(&message); err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
		if message.Error != nil {
			return message.Error
		}
		each(message)
	}
}
