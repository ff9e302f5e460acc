// Go's own client, and one with a transport that nobody told of the environment. Arguments: the URL of a Service of the
// mesh, and one that is encrypted, or "".
package main

import (
	"bytes"
	"crypto/sha256"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"time"
)

var plain, encrypted = os.Args[1], os.Args[2]
var unverified = &tls.Config{InsecureSkipVerify: true}

func ask(client *http.Client, method, url string, body []byte) (string, error) {
	request, err := http.NewRequest(method, url, bytes.NewReader(body))
	if err != nil {
		return "", err
	}
	answer, err := client.Do(request)
	if err != nil {
		return "", err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	return string(text), err
}

func tried(text string, err error) string {
	if err == nil {
		return text
	}
	var dns *net.DNSError
	if errors.As(err, &dns) {
		return "error: no such host"
	}
	return fmt.Sprintf("error: %v", err)
}

func all(client *http.Client) map[string]string {
	get := func(path string) (string, error) { return ask(client, "GET", plain+path, nil) }
	results := map[string]string{"hello": tried(get("hello"))}
	if !strings.HasPrefix(results["hello"], "error") {
		for time := 1; time < 5; time++ {
			get(fmt.Sprintf("kept/%d", time))
		}
		results["kept"] = tried(get("kept/5"))
		results["echoed"] = tried(ask(client, "POST", plain+"echo", bytes.Repeat([]byte("x"), 5_000_000)))
		large, err := get("large")
		results["large"] = tried(fmt.Sprintf("%x", sha256.Sum256([]byte(large))), err)
		results["redirected"] = tried(get("redirect"))
	}
	if encrypted != "" {
		results["encrypted"] = tried(ask(client, "GET", encrypted, nil))
	}
	return results
}

func main() {
	usual := http.DefaultTransport.(*http.Transport)
	usual.TLSClientConfig = unverified
	own := &http.Client{Transport: &http.Transport{TLSClientConfig: unverified}, Timeout: 20 * time.Second}
	json.NewEncoder(os.Stdout).Encode(map[string]any{
		"Go http.DefaultClient":         all(http.DefaultClient),
		"Go with a Transport of its own": all(own),
	})
}
