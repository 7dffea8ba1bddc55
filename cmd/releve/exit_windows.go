package main

// Where Windows Installer has a number for something, it is ours too.
const (
	exitBusy   = 1618 // ERROR_INSTALL_ALREADY_RUNNING
	exitReboot = 3010 // ERROR_SUCCESS_REBOOT_REQUIRED
)
