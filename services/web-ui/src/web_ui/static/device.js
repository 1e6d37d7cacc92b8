// "Page me on this device": subscribes this browser and sends the subscription with the form around
// the button, as any other contact method. What is missing is said in the place of the button.

const form = document.getElementById("device");
const SAYS = form ? JSON.parse(form.dataset.words) : {};

function missing() {
  if (!window.isSecureContext) return SAYS.insecure;
  if (!("serviceWorker" in navigator && "PushManager" in window && "Notification" in window)) {
    return SAYS.unable;
  }
  // What a message leads to is followed to the place that it came to, and no other.
  if (new URL(form.dataset.home).origin !== location.origin) return SAYS.elsewhere.replace("#", () => form.dataset.home);
  if (Notification.permission === "denied") return SAYS.blocked;
  return "";
}

function tellAboutDevice(words) {
  document.getElementById("device-says").textContent = words;
}

// A key travels in base64url (RFC 8292).
function bytesOf(text) {
  const plain = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(plain, (character) => character.charCodeAt(0));
}

async function subscription(key) {
  const { pushManager } = await navigator.serviceWorker.ready;
  const before = await pushManager.getSubscription();
  // One made with another key of the installation is dead, and keeps a new one from being made.
  if (before && !sameBytes(new Uint8Array(before.options.applicationServerKey), key)) await before.unsubscribe();
  return pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: key });
}

function sameBytes(one, other) {
  return one.length === other.length && one.every((byte, place) => byte === other[place]);
}

async function subscribe(button) {
  button.disabled = true;
  try {
    tellAboutDevice(SAYS.asking);
    if (await Notification.requestPermission() !== "granted") {
      tellAboutDevice(missing() || SAYS.refused);
      return;
    }
    const made = await subscription(bytesOf(form.dataset.pushKey));
    form.elements.target.value = JSON.stringify(made);
    form.submit();
  } catch (error) {
    console.warn("No subscription:", error);
    tellAboutDevice(SAYS.failed.replace("#", () => error.name));
  } finally {
    button.disabled = false;
  }
}

function offer() {
  const lacking = missing();
  tellAboutDevice(lacking);
  const button = form.querySelector("button");
  button.hidden = Boolean(lacking);
  form.addEventListener("submit", (event) => { event.preventDefault(); subscribe(button); });
}

if (form) offer();
